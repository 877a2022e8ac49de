import type { JsonObject } from '#api';
import type { AdsStream, AdsStreamCallbacks } from '#xds';
import type { HeaderMap } from './http/header_map.ts';

/** A downstream connection as its first bytes and addresses declare it. */
export interface Connection {
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Where the connection was meant to go, if a listener filter found out. */
  readonly restoredAddress?: string;
  readonly tls?: { readonly sni?: string; readonly alpn?: readonly string[]; readonly clientCertificate?: string };
  readonly protocol: 'http1' | 'http2';
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: string;
  readonly trailers?: HeaderMap;
  /** The response broke off after its headers. */
  readonly reset?: boolean;
}

export interface UpstreamRequest {
  /** What it is spoken in. */
  readonly protocol?: 'HTTP/1.1' | 'HTTP/2';
  readonly headers: HeaderMap;
  readonly body: string;
  readonly trailers?: HeaderMap;
  /** The request is a stream on which both sides speak in turn; its reply comes when it ends. */
  readonly duplex?: DuplexClient;
}

/** The near side of a stream of messages, which are JSON as protobuf spells it. */
export interface DuplexClient {
  onOpen(server: DuplexServer): void;
  onMessage(message: JsonObject): void;
}

/** The far side. */
export interface DuplexServer {
  send(message: JsonObject): void;
  reset(): void;
}

/** What the network brings back: an answer, or how the connection failed. */
export type UpstreamReply =
  | { readonly response: HttpResponse; readonly cut?: 'after_headers' }
  | { readonly failure: 'refused' | 'reset' | 'remote_reset' | 'protocol_error' };

/** What a health check was told: for gRPC whether it is serving. */
export interface HealthAnswer {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly serving?: boolean;
}

/** The network behind the proxy. Calls back in virtual time, never at once; not at all when the upstream is silent. */
export interface UpstreamNetwork {
  /** Whether nothing listens at the address. */
  refuses(address: string): boolean;
  /** Asks for the health of what listens at the address; undefined where nothing does. */
  checkHealth(
    address: string,
    kind: 'http' | 'tcp' | 'grpc',
    answered: (answer: HealthAnswer | undefined) => void,
  ): void;
  /** The addresses of a name; an address is its own. */
  resolve(name: string): string[];
  /** Connects to the management server at the address: a stream that ends soon where there is none. */
  openDiscoveryStream(address: string, callbacks: AdsStreamCallbacks): AdsStream;
  send(address: string, request: UpstreamRequest, answered: (reply: UpstreamReply) => void): void;
}

/** The files that the configuration names. */
export interface FileSystem {
  read(path: string): string | undefined;
  /** Calls back when something was moved to the path, or below it; returns what ends that. */
  watch(path: string, onMoved: () => void): () => void;
}

/** What the access log says of a stream: only the fields that have a value. */
export type StreamRecord = Record<string, string | number>;
