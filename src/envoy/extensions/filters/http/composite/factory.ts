import type { ConfigNode } from '../../../../config_node.ts';
import {
  defineHttpFilter,
  type CompiledFilter,
  type FactoryContext,
  type FilterCallbacks,
  type FilterStatus,
  type HttpFilter,
} from '../../../../http/filter.ts';
import { compileDraw, type Draw } from '../../../../matching/fractional_percent.ts';
import type { HttpResponse } from '../../../../seams.ts';

/** What an action does, and for which share of the requests. */
interface Execution {
  readonly isDrawn: Draw;
  readonly filter: CompiledFilter<unknown>;
}

type Compile = (action: ConfigNode) => Execution | undefined;

export const compositeFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.composite',
  type: 'envoy.extensions.filters.http.composite.v3.Composite',
  fidelity: { level: 'partial', notSimulated: ['named_filter_chains', 'dynamic_config', 'filter_chain'] },
  compile: (_, context) => {
    const compile = compileOnce(context);
    return (callbacks) => new CompositeFilter(compile, callbacks);
  },
});

/** The filter of each action is compiled when it is asked for first. */
function compileOnce(context: FactoryContext): Compile {
  const known = new WeakMap<object, Execution>();
  return (action) => {
    const config = action.child('typed_config')?.child('typed_config');
    const type = config?.text('@type') ?? '';
    const factory = context.filters.get(type.slice(type.lastIndexOf('/') + 1));
    if (!config || !factory) return undefined;
    const execution = known.get(config.value) ?? {
      isDrawn: compileDraw(action.child('sample_percent'), true),
      filter: factory.compile(config, context),
    };
    known.set(config.value, execution);
    return execution;
  };
}

/** Is whatever filter the action of its matcher names: extensions/filters/http/composite/filter.cc. */
class CompositeFilter implements HttpFilter {
  readonly #compile: Compile;
  readonly #callbacks: FilterCallbacks;
  #inner: HttpFilter | undefined;

  constructor(compile: Compile, callbacks: FilterCallbacks) {
    this.#compile = compile;
    this.#callbacks = callbacks;
  }

  onMatch(action: ConfigNode): void {
    if (action.text('@type')?.endsWith('.ExecuteFilterAction') !== true) return;
    const execution = this.#compile(action);
    if (execution?.isDrawn(this.#callbacks) === true) this.#inner = execution.filter(this.#callbacks, undefined);
  }

  decode(): FilterStatus {
    return this.#inner?.decode?.() ?? 'continue';
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    return this.#inner?.encode?.(response) ?? response;
  }

  onDestroy(): void {
    this.#inner?.onDestroy?.();
  }
}
