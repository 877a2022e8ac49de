import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';

/** One proxy's part of a trace. */
export interface Span {
  readonly traceId: string;
  readonly isSampled: boolean;
  /** Tells the upstream of the span, in the headers of its kind. */
  inject(headers: HeaderMap): void;
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
  create(config: ConfigNode, random: Random): Tracer;
}

/** The kinds of tracer that there are: handed down, never imported. */
export type TracerRegistry = ReadonlyMap<string, TracerFactory>;
