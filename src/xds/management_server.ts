import type {
  AdsStream,
  AdsStreamCallbacks,
  DeltaRequest,
  DiscoveryRequest,
  XdsRequest,
  XdsResource,
} from './discovery.ts';
import { nextSet, type ResourceSet, type ResourceSets } from './resource_sets.ts';
import { isWildcardType, isXdsType, type XdsType } from './resource_types.ts';

/** What one stream has asked for of one type, and what it was sent. */
interface Interest {
  names: Set<string>;
  isAll: boolean;
  nonce: string;
  /** Delta: versions by name. */
  readonly sent: Map<string, string>;
}

/**
 * A management server, state of the world and delta as the proxy asks. It answers the first request of a type and one
 * with new names, and pushes when it is told to; nonces are `TYPE-1`, `TYPE-2`, …
 */
export class ManagementServer {
  readonly #sets = new Map<XdsType, ResourceSet>();
  readonly #streams = new Set<ServerStream>();
  readonly #nonces = new Map<XdsType, number>();
  readonly #onRequest: (request: XdsRequest) => void;

  constructor(resources: ResourceSets, onRequest: (request: XdsRequest) => void) {
    this.#onRequest = onRequest;
    this.put(resources);
  }

  /** New resources: whoever asks from now on gets them. Who asked before is told by `push`. */
  put(sets: ResourceSets): void {
    for (const [type, given] of Object.entries(sets))
      if (isXdsType(type) && given) this.#sets.set(type, nextSet(this.#sets.get(type), given));
  }

  /** Every stream that asked for the type is told what there is. */
  push(type: XdsType): void {
    for (const stream of this.#streams) stream.push(type);
  }

  /** A proxy connects. */
  open(callbacks: AdsStreamCallbacks): AdsStream {
    const stream = new ServerStream(this, callbacks);
    this.#streams.add(stream);
    return {
      send: (request) => {
        this.#onRequest(request);
        stream.receive(request);
      },
      close: () => this.#streams.delete(stream),
    };
  }

  /** The server goes away: every stream ends. */
  closeAll(): void {
    const streams = [...this.#streams];
    this.#streams.clear();
    for (const stream of streams) stream.callbacks.onClose();
  }

  setOf(type: XdsType): ResourceSet | undefined {
    return this.#sets.get(type);
  }

  nextNonce(type: XdsType): string {
    const number = (this.#nonces.get(type) ?? 0) + 1;
    this.#nonces.set(type, number);
    return `${type}-${number}`;
  }
}

class ServerStream {
  readonly callbacks: AdsStreamCallbacks;
  readonly #server: ManagementServer;
  readonly #interests = new Map<XdsType, Interest>();
  #isDelta = false;

  constructor(server: ManagementServer, callbacks: AdsStreamCallbacks) {
    this.#server = server;
    this.callbacks = callbacks;
  }

  receive(request: XdsRequest): void {
    this.#isDelta = request.mode === 'delta';
    const known = this.#interests.get(request.type);
    const interest = known ?? { names: new Set<string>(), isAll: false, nonce: '', sent: new Map<string, string>() };
    this.#interests.set(request.type, interest);
    if (request.mode === 'delta') this.#receiveDelta(request, interest, !known);
    else this.#receiveSotw(request, interest, !known);
  }

  /** A request that answers an older response than the last is late: the next one says the same anew. */
  #receiveSotw(request: DiscoveryRequest, interest: Interest, isFirst: boolean): void {
    if (request.nonce !== '' && request.nonce !== interest.nonce) return;
    const hasNew = request.names.some((name) => !interest.names.has(name));
    interest.names = new Set(request.names);
    interest.isAll = request.names.length === 0 && isWildcardType(request.type);
    if (isFirst || hasNew) this.push(request.type);
  }

  #receiveDelta({ type, subscribe, unsubscribe }: DeltaRequest, interest: Interest, isFirst: boolean): void {
    if (isFirst && subscribe.length === 0 && isWildcardType(type)) interest.isAll = true;
    for (const name of subscribe) {
      if (name === '*') interest.isAll = true;
      else interest.names.add(name);
      interest.sent.delete(name);
    }
    for (const name of unsubscribe) {
      interest.names.delete(name);
      interest.sent.delete(name);
    }
    if (!isFirst && subscribe.length === 0) return;
    const hasNews = this.#wanted(type, interest).some((one) => interest.sent.get(one.name) !== one.version);
    if (hasNews || (isFirst && interest.isAll)) this.push(type);
  }

  push(type: XdsType): void {
    const [interest, set] = [this.#interests.get(type), this.#server.setOf(type)];
    if (!interest || !set) return;
    const wanted = this.#wanted(type, interest);
    interest.nonce = this.#server.nextNonce(type);
    const { nonce, sent } = interest;
    if (!this.#isDelta)
      return this.callbacks.onResponse({ mode: 'sotw', type, version: set.version, nonce, resources: wanted });
    const fresh = wanted.filter((one) => sent.get(one.name) !== one.version);
    const removed = [...sent.keys()].filter((name) => !wanted.some((one) => one.name === name));
    for (const one of fresh) sent.set(one.name, one.version);
    for (const name of removed) sent.delete(name);
    this.callbacks.onResponse({ mode: 'delta', type, version: set.version, nonce, resources: fresh, removed });
  }

  #wanted(type: XdsType, { isAll, names }: Interest): XdsResource[] {
    const all = [...(this.#server.setOf(type)?.byName.values() ?? [])];
    return isAll ? all : all.filter((one) => names.has(one.name));
  }
}
