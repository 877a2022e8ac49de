import { type DiscoveryResponse, type XdsResponse, type XdsType } from '#xds';
import type { Trace } from '../trace.ts';
import { tellRequest, tellResponse, tellVerdict } from './subscription_trace.ts';
import type { Mux, MuxStreamCallbacks, Watch, WatchCallbacks } from './mux.ts';
import type { MuxStream } from './mux_stream.ts';
import type { ResourceReader } from './resource_reader.ts';
import type { DecodedResource } from './subscription.ts';

class SotwWatch {
  names: readonly string[];
  readonly callbacks: WatchCallbacks;

  constructor(names: readonly string[], callbacks: WatchCallbacks) {
    this.names = names;
    this.callbacks = callbacks;
  }
}

/** What is known of one type: its watches, and what the next request has to say. */
class ApiState {
  watches: readonly SotwWatch[] = [];
  version = '';
  nonce = '';
  error: string | undefined;
  pauses = 0;
  isPending = false;
}

/** State of the world over one stream: grpc_mux_impl.cc. Each request names all that is wanted of its type. */
export class SotwMux implements Mux, MuxStreamCallbacks {
  readonly #states = new Map<XdsType, ApiState>();
  /** The types in the order in which they were first asked for. */
  readonly #order: XdsType[] = [];
  readonly #reader: ResourceReader;
  readonly #trace: Trace | undefined;
  readonly #stream: MuxStream;

  constructor(
    reader: ResourceReader,
    trace: Trace | undefined,
    streamOf: (callbacks: MuxStreamCallbacks) => MuxStream,
  ) {
    this.#reader = reader;
    this.#trace = trace;
    this.#stream = streamOf(this);
  }

  start(): void {
    this.#stream.establish();
  }

  addWatch(type: XdsType, names: readonly string[], callbacks: WatchCallbacks): Watch {
    const watch = new SotwWatch(names, callbacks);
    const state = this.#stateOf(type);
    state.watches = [watch, ...state.watches];
    if (!this.#order.includes(type)) this.#order.push(type);
    this.#queue(type);
    return {
      update: (next) => {
        watch.names = next;
        this.#queue(type);
      },
      remove: () => {
        state.watches = state.watches.filter((one) => one !== watch);
        if (watch.names.length > 0) this.#queue(type);
      },
    };
  }

  pause(types: readonly XdsType[]): () => void {
    for (const type of types) this.#stateOf(type).pauses++;
    return () => {
      for (const type of types) this.#resume(type);
    };
  }

  #resume(type: XdsType): void {
    const state = this.#stateOf(type);
    state.pauses--;
    if (state.pauses > 0 || !state.isPending) return;
    this.#queue(type);
    state.isPending = false;
  }

  #stateOf(type: XdsType): ApiState {
    let state = this.#states.get(type);
    if (!state) this.#states.set(type, (state = new ApiState()));
    return state;
  }

  /** A request that cannot be sent now is not kept: it would be made anew on the next stream, or on resuming. */
  #queue(type: XdsType): void {
    if (!this.#stream.isOpen) return;
    const state = this.#stateOf(type);
    if (state.pauses > 0) {
      state.isPending = true;
      return;
    }
    const { version, nonce, error } = state;
    const names = [...new Set(state.watches.flatMap((watch) => watch.names))];
    const request = { mode: 'sotw', type, version, nonce, names, ...(error === undefined ? {} : { error }) } as const;
    state.error = undefined;
    tellRequest(request, this.#trace);
    this.#stream.send(request);
  }

  onStreamEstablished(): void {
    for (const state of this.#states.values()) state.nonce = '';
    for (const type of this.#order) this.#queue(type);
  }

  onStreamFailed(): void {
    for (const state of this.#states.values()) for (const watch of state.watches) watch.callbacks.onConnectionFailure();
  }

  onResponse(response: XdsResponse): void {
    const state = this.#states.get(response.type);
    if (response.mode !== 'sotw' || !state) return;
    tellResponse(response, this.#trace);
    if (state.watches.length === 0) return this.#onUnwatched(response, state);
    // Watches that come and go meanwhile would each send a request of their own: one answer for all of them.
    const resume = this.pause([response.type]);
    const refusal = this.#take(response, state);
    tellVerdict(response, refusal, this.#trace);
    if (refusal === undefined) state.version = response.version;
    else {
      for (const watch of state.watches) watch.callbacks.onRejected();
      state.error = refusal;
    }
    state.nonce = response.nonce;
    this.#queue(response.type);
    resume();
  }

  #onUnwatched(response: DiscoveryResponse, state: ApiState): void {
    state.nonce = response.nonce;
    if (response.resources.length === 0) state.version = response.version;
    else this.#queue(response.type);
  }

  /** Hands each watch what it wants. A watch that named resources hears nothing where none of them came. */
  #take({ type, version, resources }: DiscoveryResponse, state: ApiState): string | undefined {
    const read = this.#reader.ofServer(resources, type, version);
    if ('refused' in read) return read.refused;
    const byName = new Map(read.resources.map((one) => [one.name, one]));
    for (const watch of state.watches) {
      if (!state.watches.includes(watch)) continue;
      const wanted: readonly DecodedResource[] =
        watch.names.length === 0 ? read.resources : watch.names.flatMap((name) => byName.get(name) ?? []);
      if (watch.names.length > 0 && wanted.length === 0) continue;
      const refusal = watch.callbacks.onConfigUpdate(wanted, version);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}
