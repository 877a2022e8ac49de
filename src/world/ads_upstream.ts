import type { Dispatcher } from '#sim';
import {
  isXdsType,
  ManagementServer,
  type AdsStream,
  type AdsStreamCallbacks,
  type ResourceSets,
  type XdsRequest,
} from '#xds';

/** Virtual time that a message takes one way. */
const ONE_WAY_MS = 1;
/** Between the types of one `set`, so that the proxy has answered the first before it gets the next. */
const BETWEEN_TYPES_MS = 30;

/** A discovery request as the conformance format notes it. */
export type SeenXds = Readonly<Record<string, unknown>>;

/** An `ads` upstream: a management server behind a network that takes its time, and what it was asked. */
export class AdsUpstream {
  #seen: SeenXds[] = [];
  readonly #server: ManagementServer;
  readonly #dispatcher: Dispatcher;

  constructor(resources: ResourceSets, dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
    this.#server = new ManagementServer(resources, (request) => this.#seen.push(noteOf(request)));
  }

  open(callbacks: AdsStreamCallbacks): AdsStream {
    const later = (name: string, run: () => void): void => void this.#dispatcher.createTimer(name, ONE_WAY_MS, run);
    const stream = this.#server.open({
      onResponse: (response) => later('xds_response', () => callbacks.onResponse(response)),
      onClose: () => later('xds_closed', () => callbacks.onClose()),
    });
    return {
      send: (request) => later('xds_request', () => stream.send(request)),
      close: () => stream.close(),
    };
  }

  set(sets: ResourceSets): void {
    this.#server.put(sets);
    const types = Object.keys(sets).filter(isXdsType);
    for (const [i, type] of types.entries())
      this.#dispatcher.createTimer('xds_set', i * BETWEEN_TYPES_MS, () => this.#server.push(type));
  }

  /** The server is stopped: its streams break. */
  stop(): void {
    this.#server.closeAll();
  }

  /** What was asked since the last time. */
  taken(): readonly SeenXds[] {
    const seen = this.#seen;
    this.#seen = [];
    return seen;
  }
}

function noteOf(request: XdsRequest): SeenXds {
  const error = request.error === undefined ? {} : { error: true, error_text: request.error };
  if (request.mode === 'sotw') {
    const { type, version, nonce, names } = request;
    return { type, version, nonce, names: [...names].sort(), ...error };
  }
  const { type, nonce, subscribe, unsubscribe, initial } = request;
  return {
    type,
    ...(nonce === '' ? {} : { nonce }),
    ...(subscribe.length === 0 ? {} : { subscribe: [...subscribe].sort() }),
    ...(unsubscribe.length === 0 ? {} : { unsubscribe: [...unsubscribe].sort() }),
    ...(Object.keys(initial).length === 0 ? {} : { initial }),
    ...error,
  };
}
