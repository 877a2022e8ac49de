import { durationMs, type JsonObject } from '#api';
import type { Dispatcher, Timer } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { GrpcClient, HttpClient } from '../http/clients.ts';
import type { StatsStore } from '../stats/store.ts';

const DEFAULT_FLUSH_MS = 1_000;
const DEFAULT_BUFFER_BYTES = 16_384;

/** What a logger that sends its entries away needs. */
export interface CollectorServices {
  readonly grpc: GrpcClient;
  readonly http: HttpClient;
  readonly dispatcher: Dispatcher;
  readonly stats: StatsStore;
  /** How this Envoy names itself. */
  readonly localNode: JsonObject;
}

interface BufferLimits {
  readonly flushMs: number | undefined;
  readonly mostBytes: number | undefined;
}

export const bufferLimits = (config: ConfigNode | undefined): BufferLimits => ({
  flushMs: durationMs(config?.text('buffer_flush_interval')),
  mostBytes: config?.number('buffer_size_bytes'),
});

/** Gathers entries until they are many, or the time is up. Simplified: the size of an entry is that of its JSON. */
export class EntryBuffer {
  readonly #dispatcher: Dispatcher;
  readonly #flushMs: number;
  readonly #mostBytes: number;
  readonly #send: (entries: JsonObject[]) => void;
  #entries: JsonObject[] = [];
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(limits: BufferLimits, dispatcher: Dispatcher, send: (entries: JsonObject[]) => void) {
    this.#dispatcher = dispatcher;
    this.#flushMs = limits.flushMs ?? DEFAULT_FLUSH_MS;
    this.#mostBytes = limits.mostBytes ?? DEFAULT_BUFFER_BYTES;
    this.#send = send;
  }

  add(entry: JsonObject): void {
    this.#entries.push(entry);
    this.#bytes += JSON.stringify(entry).length;
    if (this.#bytes >= this.#mostBytes) return this.#flush();
    this.#timer ??= this.#dispatcher.createTimer('access_log_flush', this.#flushMs, () => this.#flush());
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    this.#send(entries);
  }
}
