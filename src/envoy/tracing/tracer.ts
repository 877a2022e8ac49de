import type { Dispatcher, Random } from '#sim';
import type { CollectorServices } from '../access_log/collector.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { StatsStore } from '../stats/store.ts';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';

/** What a tracer needs beside its configuration. */
export interface TracerServices {
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: StatsStore;
  readonly dispatcher: Dispatcher;
  /** Clients for those that send their spans away. */
  readonly collector: () => CollectorServices;
}

/** What a span says when it ends. */
export interface SpanEnd {
  /** Of the configuration; without one each tracer has its own. */
  readonly name: string | undefined;
  readonly host: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly isClient: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** One proxy's part of a trace. */
export interface Span {
  readonly traceId: string;
  /** Of tracers that tell a log of it. */
  readonly spanId?: string;
  readonly isSampled: boolean;
  /** Tells the upstream of the span, in the headers of its kind. */
  inject(headers: HeaderMap): void;
  /** It is over, and goes to the collector where it is sampled. */
  finish(end: SpanEnd): void;
  /** A span within this one: of a mirrored request, say. */
  child(): Span;
}

export interface SpanStart {
  readonly headers: HeaderMap;
  /** What the connection manager decided; a tracer may hold what the client says higher. */
  readonly isTraced: boolean;
  readonly isEgress: boolean;
}

/** Starts spans; undefined where the client's own context can not be read. */
export interface Tracer {
  startSpan(start: SpanStart): Span | undefined;
}

/** One kind of tracer, by the type of its configuration. */
export interface TracerFactory {
  readonly name: string;
  readonly type: string;
  readonly fidelity: { readonly level: 'full' | 'partial'; readonly notSimulated: readonly string[] };
  create(config: ConfigNode, services: TracerServices): Tracer;
}

/** The kinds of tracer that there are: handed down, never imported. */
export type TracerRegistry = ReadonlyMap<string, TracerFactory>;
