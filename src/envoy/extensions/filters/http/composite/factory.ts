import type { ConfigNode } from '../../../../config_node.ts';
import { compileMatchTree, type MatchTree } from '../../../../matching/match_tree.ts';
import { FilterSequence } from './filter_sequence.ts';
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
  readonly filters: readonly CompiledFilter<unknown>[];
}

type Compile = (action: ConfigNode) => Execution | undefined;

export const compositeFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.composite',
  type: 'envoy.extensions.filters.http.composite.v3.Composite',
  fidelity: { level: 'partial', notSimulated: ['dynamic_config'] },
  compile: (node, context) => {
    const compile = compileOnce(node, context);
    const matcher = node.child('matcher');
    const tree = matcher && compileMatchTree(matcher);
    return (callbacks) => new CompositeFilter(compile, tree, callbacks);
  },
});

/** The filters of each action are compiled when it is asked for first. */
function compileOnce(composite: ConfigNode, context: FactoryContext): Compile {
  const known = new WeakMap<object, Execution>();
  const compileOne = (node: ConfigNode): CompiledFilter<unknown>[] => {
    const config = node.child('typed_config');
    const type = config?.text('@type') ?? '';
    const factory = context.filters.get(type.slice(type.lastIndexOf('/') + 1));
    return config && factory ? [factory.compile(config, context)] : [];
  };
  return (action) => {
    const nodes = filtersOf(action, composite);
    if (nodes.length === 0) return undefined;
    const execution = known.get(action.value) ?? {
      isDrawn: compileDraw(action.child('sample_percent'), true),
      filters: nodes.flatMap(compileOne),
    };
    known.set(action.value, execution);
    return execution;
  };
}

/** One filter, a chain of them, or a chain that the composite filter has by name. */
function filtersOf(action: ConfigNode, composite: ConfigNode): readonly ConfigNode[] {
  const name = action.text('filter_chain_name') ?? '';
  const named = name === '' ? undefined : composite.child('named_filter_chains')?.child(name);
  const chain = action.child('filter_chain') ?? named;
  if (chain) return chain.list('typed_config');
  const one = action.child('typed_config');
  return one ? [one] : [];
}

/** Is whatever filters the action of its matcher names: extensions/filters/http/composite/filter.cc. */
class CompositeFilter implements HttpFilter {
  readonly #compile: Compile;
  readonly #tree: MatchTree | undefined;
  readonly #callbacks: FilterCallbacks;
  #inner: HttpFilter | undefined;

  constructor(compile: Compile, tree: MatchTree | undefined, callbacks: FilterCallbacks) {
    this.#compile = compile;
    this.#tree = tree;
    this.#callbacks = callbacks;
  }

  onMatch(action: ConfigNode): void {
    if (action.text('@type')?.endsWith('.ExecuteFilterAction') !== true) return;
    const execution = this.#compile(action);
    if (execution?.isDrawn(this.#callbacks) === true)
      this.#inner = new FilterSequence(execution.filters.map((one) => one(this.#callbacks, undefined)));
  }

  decode(): FilterStatus {
    const action = this.#tree?.(this.#callbacks);
    if (action) this.onMatch(action);
    return this.#inner?.decode?.() ?? 'continue';
  }

  resumeDecoding(): FilterStatus {
    return this.#inner?.resumeDecoding?.() ?? 'continue';
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    return this.#inner?.encode?.(response) ?? response;
  }

  resumeEncoding(response: HttpResponse): HttpResponse | 'stop_iteration' {
    return this.#inner?.resumeEncoding?.(response) ?? response;
  }

  onDestroy(): void {
    this.#inner?.onDestroy?.();
  }
}
