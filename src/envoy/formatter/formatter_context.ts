import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { EstablishedTls } from '../seams.ts';
import type { StreamFacts } from '../stream_info/stream_facts.ts';

/** What command operators are answered from. Absent where it does not exist yet, or never will. */
export interface FormatterContext {
  readonly request: HeaderMap;
  readonly response?: HeaderMap;
  /** Of an answer whose code is not in the log yet. */
  readonly responseStatus?: number;
  readonly log: Readonly<Record<string, string | number>>;
  readonly trailers?: HeaderMap;
  readonly clusterName: string | undefined;
  /** Where the connection really came from, whatever x-forwarded-for says. */
  readonly directRemoteAddress: string;
  readonly accessLogType?: string;
  readonly localReplyBody?: string;
  readonly dynamicMetadata: JsonObject;
  readonly filterState: ReadonlyMap<string, string>;
  readonly isHealthCheck?: boolean;
  readonly routeMetadata: Json | undefined;
  readonly clusterMetadata: Json | undefined;
  readonly virtualHost?: { readonly name: string; readonly node: ConfigNode } | undefined;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly facts: StreamFacts;
  /** Bytes of the client's connection, where it carries bytes. */
  readonly wire?: { readonly received: number; readonly sent: number };
  /** Of the client's connection. */
  readonly tls?: EstablishedTls | undefined;
}

/** A value keeps its type in a JSON log line. */
export type Value = Json | undefined;
export type Operator = (context: FormatterContext, argument: string) => Value;
