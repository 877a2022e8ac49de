import type { ConfigNode } from '../../../../config_node.ts';
import {
  defineHttpFilter,
  type CompiledFilter,
  type FilterCallbacks,
  type FilterStatus,
  type HttpFilter,
} from '../../../../http/filter.ts';
import { compileMatchTree, type MatchTree } from '../../../../matching/match_tree.ts';
import type { HttpResponse } from '../../../../seams.ts';

const matcherOf = (node: ConfigNode): MatchTree | undefined => {
  const matcher = node.child('xds_matcher') ?? node.child('matcher');
  return matcher && compileMatchTree(matcher);
};

const typeOf = (config: ConfigNode | undefined): string => {
  const type = config?.text('@type') ?? '';
  return type.slice(type.lastIndexOf('/') + 1);
};

export const matchDelegateFilterFactory = defineHttpFilter<{ readonly matcher: MatchTree | undefined }>({
  name: 'envoy.filters.http.match_delegate',
  type: 'envoy.extensions.common.matching.v3.ExtensionWithMatcher',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (node, context) => {
    const config = node.child('extension_config')?.child('typed_config');
    const inner = config && context.filters.get(typeOf(config))?.compile(config, context);
    const own = matcherOf(node);
    return (callbacks, perRoute) =>
      inner ? new MatchDelegateFilter(node, inner, perRoute?.matcher ?? own, callbacks) : {};
  },
  compilePerRoute: (node) => ({ matcher: matcherOf(node) }),
});

/** Runs a filter unless its matcher says to skip it: extensions/filters/http/match_delegate/config.cc. */
class MatchDelegateFilter implements HttpFilter {
  readonly #node: ConfigNode;
  readonly #inner: HttpFilter;
  readonly #matcher: MatchTree | undefined;
  readonly #callbacks: FilterCallbacks;
  #isSkipped = false;

  constructor(
    node: ConfigNode,
    inner: CompiledFilter<unknown>,
    matcher: MatchTree | undefined,
    callbacks: FilterCallbacks,
  ) {
    this.#node = node;
    this.#inner = inner(callbacks, undefined);
    this.#matcher = matcher;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, connection, trace } = this.#callbacks;
    const action = this.#matcher?.({ request, connection });
    this.#isSkipped = action?.text('@type')?.endsWith('.SkipFilter') === true;
    trace?.record({
      kind: this.#isSkipped ? 'filter_skipped' : 'filter_delegated',
      state: this.#isSkipped ? 'not_reached' : 'info',
      because: (action ?? this.#node).ref,
      sentence: this.#isSkipped ? 'The matcher skips the filter.' : 'The matcher leaves the filter in place.',
    });
    if (this.#isSkipped) return 'continue';
    if (action) this.#inner.onMatch?.(action);
    return this.#inner.decode?.() ?? 'continue';
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    return this.#isSkipped ? response : (this.#inner.encode?.(response) ?? response);
  }

  resumeDecoding(): FilterStatus {
    return this.#inner.resumeDecoding?.() ?? 'continue';
  }

  resumeEncoding(response: HttpResponse): HttpResponse | 'stop_iteration' {
    return this.#inner.resumeEncoding?.(response) ?? response;
  }

  onDestroy(): void {
    this.#inner.onDestroy?.();
  }
}
