import type { JsonObject } from '#api';
import type { Connection, EstablishedTls, StreamRecord } from '../seams.ts';
import { StreamFacts, type ListenerInfo } from '../stream_info/stream_facts.ts';
import { LogFlags } from '../stream_info/log_flags.ts';
import type { CloseEvent, CompiledNetworkFilter, NetworkConnection, NetworkFilter } from './filter.ts';
import { bytes, sizeOf, type Payload, type ServerHello } from './payload.ts';
import { FilterState } from '../stream_info/filter_state.ts';

/** The client's end of a connection. */
export interface DownstreamPeer {
  /** The handshake is done, as far as the client can see. */
  onSecured?(shown: ServerHello): void;
  onData(payload: Payload): void;
  /** The proxy writes no more. */
  onEnd?(): void;
  onClose(): void;
}

const END = bytes('');

interface Unread {
  readonly payload: Payload;
  readonly endStream: boolean;
}

/** What a connection takes over from its listener. */
export interface ConnectionOwner {
  readonly info: ListenerInfo;
  readonly nowMs: () => number;
  onClosed(connection: DownstreamConnection): void;
}

/** One downstream connection with its network filters: connection_impl.cc and filter_manager_impl.cc. */
export class DownstreamConnection implements NetworkConnection {
  facts: Connection;
  readonly openedMs: number;
  readonly log: StreamRecord = {};
  #dynamicMetadata: JsonObject | undefined;
  #filterState: FilterState | undefined;
  #flags: LogFlags | undefined;
  #streamFacts: StreamFacts | undefined;
  readonly #peer: DownstreamPeer;
  readonly #owner: ConnectionOwner;
  /** Whether its bytes are counted: a connection of HTTP leaves it to the streams, where nobody asks. */
  readonly #isMetered: boolean;
  #filters: readonly NetworkFilter[] = [];
  /** How many filters have heard of the connection. */
  #initialized = 0;
  /** The filter that stopped the others, and what it holds. */
  #stoppedAt: number | undefined;
  #held: Unread | undefined;
  #unread: Unread[] | undefined;
  #readDisables = 0;
  #isDelivering = false;
  #isHalfCloseEnabled = false;
  #hasReadEnd = false;
  #hasWrittenEnd = false;
  #isOpen = true;
  #received = 0;
  #sent = 0;

  constructor(facts: Connection, peer: DownstreamPeer, owner: ConnectionOwner, isMetered: boolean) {
    this.#isMetered = isMetered;
    this.facts = facts;
    this.openedMs = owner.nowMs();
    this.#peer = peer;
    this.#owner = owner;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get listener(): ListenerInfo {
    return this.#owner.info;
  }

  get dynamicMetadata(): JsonObject {
    return (this.#dynamicMetadata ??= {});
  }

  get filterState(): FilterState {
    return (this.#filterState ??= new FilterState());
  }

  get streamFacts(): StreamFacts {
    return (this.#streamFacts ??= new StreamFacts(this.#owner.nowMs, this.#owner.info, undefined, this.openedMs));
  }

  get flags(): string {
    return this.#flags?.toString() ?? '-';
  }

  addFlag(flag: string): void {
    (this.#flags ??= new LogFlags()).add(flag);
  }

  start(filters: readonly CompiledNetworkFilter[]): void {
    this.#filters = filters.map((create) => create(this));
    this.#initialize();
  }

  /** The handshake is done, and both ends know each other. */
  secured(tls: EstablishedTls): void {
    this.facts = { ...this.facts, tls };
    for (const filter of this.#filters) filter.onSecured?.();
  }

  /** Bytes of the client. */
  receive(payload: Payload): void {
    if (this.#isOpen && !this.#hasReadEnd) this.#read({ payload, endStream: false });
  }

  /** The client writes no more. */
  receiveEnd(): void {
    if (!this.#isOpen || this.#hasReadEnd) return;
    if (!this.#isHalfCloseEnabled) return this.#end('remote');
    this.#hasReadEnd = true;
    this.#read({ payload: END, endStream: true });
    if (this.#hasWrittenEnd) this.#end('remote');
  }

  enableHalfClose(): void {
    this.#isHalfCloseEnabled = true;
  }

  readDisable(isDisabled: boolean): void {
    this.#readDisables += isDisabled ? 1 : -1;
    this.#pump();
  }

  continueReading(): void {
    if (this.#stoppedAt !== undefined) {
      const [from, held] = [this.#stoppedAt + 1, this.#held];
      this.#stoppedAt = undefined;
      this.#held = undefined;
      if (this.#initialize() && held) this.#deliver(held, from);
    }
    this.#pump();
  }

  write(payload: Payload, endStream = false): void {
    if (!this.#isOpen || this.#hasWrittenEnd) return;
    if (payload.kind !== 'bytes' || payload.text !== '') {
      if (this.#isMetered) this.log['bytes_sent'] = this.#sent += sizeOf(payload);
      this.#peer.onData(payload);
    }
    if (!endStream) return;
    this.#hasWrittenEnd = true;
    if (this.#hasReadEnd) return this.#end('remote');
    this.#peer.onEnd?.();
  }

  close(details?: string): void {
    if (!this.#isOpen) return;
    if (details !== undefined) this.log['termination'] = details;
    this.#end('local');
  }

  #end(by: CloseEvent): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const filter of this.#filters) filter.onClose?.(by);
    this.#owner.onClosed(this);
    this.#peer.onClose();
  }

  /** Tells the filters of the connection, until one of them stops the others. */
  #initialize(): boolean {
    while (this.#initialized < this.#filters.length) {
      const index = this.#initialized++;
      const status = this.#filters[index]!.onNewConnection?.() ?? 'continue';
      if (!this.#isOpen) return false;
      if (status === 'continue' || index === this.#filters.length - 1) continue;
      this.#stoppedAt = index;
      return false;
    }
    return true;
  }

  #read(unread: Unread): void {
    if (this.#canDeliver && !this.#unread?.length) this.#count(unread);
    else (this.#unread ??= []).push(unread);
  }

  get #canDeliver(): boolean {
    return this.#isOpen && this.#readDisables === 0 && this.#stoppedAt === undefined && !this.#isDelivering;
  }

  #pump(): void {
    while (this.#unread?.length && this.#canDeliver) this.#count(this.#unread.shift()!);
  }

  #count(unread: Unread): void {
    if (this.#isMetered) this.log['bytes_received'] = this.#received += sizeOf(unread.payload);
    this.#isDelivering = true;
    this.#deliver(unread, 0);
    this.#isDelivering = false;
    if (this.#unread?.length) this.#pump();
  }

  #deliver(unread: Unread, from: number): void {
    for (let i = from; i < this.#filters.length && this.#isOpen; i++) {
      const status = this.#filters[i]!.onData?.(unread.payload, unread.endStream) ?? 'continue';
      if (status === 'continue' || i === this.#filters.length - 1) continue;
      this.#stoppedAt = i;
      this.#held = unread;
      return;
    }
  }
}
