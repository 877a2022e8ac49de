import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { compileSessionState, type SessionState } from './session_state.ts';

interface Session {
  readonly node: ConfigNode;
  readonly state: SessionState | undefined;
  readonly isStrict: boolean;
}

const compile = (node: ConfigNode): Session => ({
  node,
  state: compileSessionState(node.child('session_state')),
  isStrict: node.flag('strict'),
});

export const statefulSessionFilterFactory = defineHttpFilter<Session>({
  name: 'envoy.filters.http.stateful_session',
  type: 'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
  fidelity: { level: 'partial', notSimulated: ['envelope session state', 'status_on_strict_destination_not_found'] },
  compile: (config) => {
    const own = compile(config);
    return (callbacks, perRoute) => new StatefulSessionFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: (node) => {
    const own = node.child('stateful_session');
    return own ? compile(own) : { node, state: undefined, isStrict: false };
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
    const { state, isStrict, node } = this.#session;
    this.#asked = state?.hostOf(this.#callbacks.request);
    if (this.#asked === undefined) return 'continue';
    this.#callbacks.setUpstreamOverrideHost(this.#asked, isStrict);
    this.#callbacks.trace?.record({
      kind: 'session_found',
      state: 'matched',
      because: node.ref,
      sentence: `The session asks for the host ${this.#asked}.`,
    });
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    const host = this.#callbacks.log['upstream_host'];
    if (typeof host === 'string')
      this.#session.state?.tell(response.headers, host, this.#asked, this.#callbacks.request);
    return response;
  }
}
