import { createStats, type StatSet } from '../../../../stats/stat_set.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import {
  defineHttpFilter,
  type FactoryContext,
  type FilterCallbacks,
  type FilterStatus,
  type HttpFilter,
} from '../../../../http/filter.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { compileSessionState, type SessionState } from './session_state.ts';

interface Session {
  readonly node: ConfigNode;
  readonly state: SessionState | undefined;
  readonly isStrict: boolean;
  readonly statusWhenGone: number | undefined;
  readonly stats: StatSet<(typeof COUNTERS)[number], never, never> | undefined;
}

const COUNTERS = ['failed_closed', 'failed_open', 'no_session', 'routed'] as const;

function compile(node: ConfigNode, { stats, statPrefix }: FactoryContext): Session {
  const prefix = node.text('stat_prefix') ?? '';
  return {
    node,
    state: compileSessionState(node.child('session_state')),
    isStrict: node.flag('strict'),
    statusWhenGone: node.number('status_on_strict_destination_not_found') || undefined,
    stats:
      prefix === ''
        ? undefined
        : createStats(stats, `${statPrefix}stateful_session.${prefix}.`, { counters: COUNTERS }),
  };
}

export const statefulSessionFilterFactory = defineHttpFilter<Session>({
  name: 'envoy.filters.http.stateful_session',
  type: 'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
  fidelity: { level: 'partial', notSimulated: ['envelope session state'] },
  compile: (config, context) => {
    const own = compile(config, context);
    return (callbacks, perRoute) => new StatefulSessionFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: (node, context) => {
    const own = node.child('stateful_session');
    return own
      ? compile(own, context)
      : { node, state: undefined, isStrict: false, statusWhenGone: undefined, stats: undefined };
  },
});

/** Keeps a client with its host: extensions/filters/http/stateful_session/stateful_session.cc. */
class StatefulSessionFilter implements HttpFilter {
  readonly #session: Session;
  readonly #callbacks: FilterCallbacks;
  #asked: string | undefined;

  constructor(session: Session, callbacks: FilterCallbacks) {
    this.#session = session;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { state, isStrict, node, statusWhenGone } = this.#session;
    this.#asked = state?.hostOf(this.#callbacks.request);
    if (this.#asked === undefined) return 'continue';
    this.#callbacks.setUpstreamOverrideHost(this.#asked, isStrict, statusWhenGone);
    this.#callbacks.trace?.record({
      kind: 'session_found',
      state: 'matched',
      because: node.ref,
      sentence: `The session asks for the host ${this.#asked}.`,
    });
    return 'continue';
  }

  #count(host: string | number | undefined): void {
    const { state, stats, isStrict } = this.#session;
    if (!state || !stats) return;
    if (!state.appliesTo(this.#callbacks.request)) stats.no_session.inc();
    else if (host === undefined && isStrict && this.#asked !== undefined) stats.failed_closed.inc();
    else if (host !== undefined && host === this.#asked) stats.routed.inc();
    else if (host !== undefined && !isStrict) stats.failed_open.inc();
  }

  encode(response: HttpResponse): HttpResponse {
    const host = this.#callbacks.log['upstream_host'];
    this.#count(host);
    if (typeof host === 'string')
      this.#session.state?.tell(response.headers, host, this.#asked, this.#callbacks.request);
    return response;
  }
}
