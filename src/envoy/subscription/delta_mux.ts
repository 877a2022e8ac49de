import type { DeltaResponse, XdsResponse, XdsType } from '#xds';
import type { Trace } from '../trace.ts';
import { DeltaState } from './delta_state.ts';
import type { Mux, MuxStreamCallbacks, Watch, WatchCallbacks } from './mux.ts';
import type { MuxStream } from './mux_stream.ts';
import type { ResourceReader } from './resource_reader.ts';
import type { DecodedResource } from './subscription.ts';
import { tellRequest, tellResponse, tellVerdict } from './subscription_trace.ts';

class DeltaWatch {
  names: ReadonlySet<string>;
  readonly callbacks: WatchCallbacks;

  constructor(names: readonly string[], callbacks: WatchCallbacks) {
    this.names = new Set(names);
    this.callbacks = callbacks;
  }

  isInterestedIn(name: string): boolean {
    return this.names.size === 0 || this.names.has('*') || this.names.has(name);
  }
}

interface TypeSubscription {
  readonly state: DeltaState;
  watches: readonly DeltaWatch[];
}

interface Answer {
  readonly type: XdsType;
  readonly nonce: string;
  readonly error?: string;
}

/** Delta over one stream: new_grpc_mux_impl.cc. Answers go before questions, and neither while their type is paused. */
export class DeltaMux implements Mux, MuxStreamCallbacks {
  /** In the order in which the types were first asked for. */
  readonly #subscriptions = new Map<XdsType, TypeSubscription>();
  readonly #pauses = new Map<XdsType, number>();
  #answers: readonly Answer[] = [];
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
    const subscription = this.#subscriptions.get(type) ?? { state: new DeltaState(type), watches: [] };
    this.#subscriptions.set(type, subscription);
    const watch = new DeltaWatch([], callbacks);
    subscription.watches = [...subscription.watches, watch];
    this.#setInterest(subscription, watch, names);
    return {
      update: (next) => this.#setInterest(subscription, watch, next),
      remove: () => {
        this.#setInterest(subscription, watch, []);
        subscription.watches = subscription.watches.filter((one) => one !== watch);
      },
    };
  }

  /** Names that another watch wants too are neither asked for again nor given up. */
  #setInterest(subscription: TypeSubscription, watch: DeltaWatch, names: readonly string[]): void {
    const others = subscription.watches.filter((one) => one !== watch);
    const isOthers = (name: string): boolean => others.some((one) => one.names.has(name));
    const before = watch.names;
    watch.names = new Set(names);
    subscription.state.updateInterest(
      names.filter((name) => !before.has(name) && !isOthers(name)),
      [...before].filter((name) => !watch.names.has(name) && !isOthers(name)),
    );
    if (subscription.state.isUpdatePending) this.#sendWhatCanBe();
  }

  pause(types: readonly XdsType[]): () => void {
    for (const type of types) this.#pauses.set(type, (this.#pauses.get(type) ?? 0) + 1);
    return () => {
      for (const type of types) {
        this.#pauses.set(type, this.#pauses.get(type)! - 1);
        if (!this.#isPaused(type)) this.#sendWhatCanBe();
      }
    };
  }

  #isPaused(type: XdsType): boolean {
    return (this.#pauses.get(type) ?? 0) > 0;
  }

  #sendWhatCanBe(): void {
    while (this.#stream.isOpen) {
      const answer = this.#answers.find(({ type }) => !this.#isPaused(type));
      const next = answer ? this.#subscriptions.get(answer.type) : this.#nextPending();
      if (!next) return;
      this.#answers = this.#answers.filter((one) => one !== answer);
      const request = next.state.nextRequest(answer);
      tellRequest(request, this.#trace);
      this.#stream.send(request);
    }
  }

  #nextPending(): TypeSubscription | undefined {
    for (const [type, subscription] of this.#subscriptions)
      if (subscription.state.isUpdatePending && !this.#isPaused(type)) return subscription;
    return undefined;
  }

  onStreamEstablished(): void {
    for (const { state } of this.#subscriptions.values()) state.onNewStream();
    this.#answers = [];
    this.#sendWhatCanBe();
  }

  onStreamFailed(): void {
    for (const { watches } of this.#subscriptions.values())
      for (const watch of watches) watch.callbacks.onConnectionFailure();
  }

  onResponse(response: XdsResponse): void {
    const subscription = this.#subscriptions.get(response.type);
    if (response.mode !== 'delta' || !subscription) return;
    tellResponse(response, this.#trace);
    const refusal = this.#take(response, subscription);
    tellVerdict(response, refusal, this.#trace);
    if (refusal === undefined) subscription.state.accept(response);
    else for (const watch of subscription.watches) watch.callbacks.onRejected();
    const { type, nonce } = response;
    this.#answers = [...this.#answers, { type, nonce, ...(refusal === undefined ? {} : { error: refusal }) }];
    this.#sendWhatCanBe();
  }

  #take(response: DeltaResponse, { state, watches }: TypeSubscription): string | undefined {
    const { type, version, removed } = response;
    const twice = duplicateName([...response.resources.map((one) => one.name), ...removed]);
    if (twice !== undefined) return `the name ${twice} is there twice`;
    const fresh = response.resources.filter((one) => !state.isHeartbeat(one));
    const read = this.#reader.ofServer(
      fresh.filter((one) => watches.some((watch) => watch.isInterestedIn(one.name))),
      type,
      version,
    );
    if ('refused' in read) return read.refused;
    const isEmpty = fresh.length === 0 && removed.length === 0;
    for (const watch of watches) {
      const added: readonly DecodedResource[] = read.resources.filter((one) => watch.isInterestedIn(one.name));
      const gone = removed.filter((name) => watch.isInterestedIn(name));
      const isTold = added.length > 0 || gone.length > 0 || (isEmpty && watch.isInterestedIn('*'));
      const refusal = isTold ? watch.callbacks.onDeltaUpdate(added, gone, version) : undefined;
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}

function duplicateName(names: readonly string[]): string | undefined {
  return names.find((name, i) => names.indexOf(name) !== i);
}
