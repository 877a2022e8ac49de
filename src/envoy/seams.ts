import type { JsonObject } from '#api';
import type { AdsStream, AdsStreamCallbacks } from '#xds';
import type { HeaderMap } from './http/header_map.ts';
import type { HttpResponse } from './http/http_response.ts';
import type { Certificate } from './network/certificate.ts';
import type { Payload } from './network/payload.ts';

/** What both ends know of a TLS connection once its handshake is done. */
export interface EstablishedTls {
  /** The server name that the client asked for. */
  readonly sni?: string;
  /** The protocols that the client offered. */
  readonly alpn?: readonly string[];
  /** The protocol agreed upon. */
  readonly negotiatedAlpn?: string;
  readonly version?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly local?: Certificate;
  /** Whose certificate the client showed, if it was asked for one. */
  readonly peer?: Certificate;
  readonly isPeerValidated?: boolean;
}

/** A downstream connection by its addresses, which the PROXY protocol may have changed, and its TLS. */
export interface Connection {
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Where the connection was meant to go, if a listener filter found out. */
  readonly restoredAddress?: string;
  /** Where the connection really came from. */
  readonly directRemoteAddress: string;
  readonly tls?: EstablishedTls;
  readonly protocol: 'http1' | 'http2';
}

/** What a TLS server upstream shows and asks for. */
export interface ServerTls {
  readonly certificate: Certificate | undefined;
  /** The name of the CA that a client's certificate has to come from. */
  readonly clientCa?: string;
  readonly alpn: readonly string[];
}

export type { HttpResponse } from './http/http_response.ts';

export interface UpstreamRequest {
  /** What it is spoken in. */
  readonly protocol?: 'HTTP/1.1' | 'HTTP/2';
  readonly tls?: SeenTls;
  /** What the connection says before its first request: a header of the PROXY protocol. */
  readonly preamble?: string;
  readonly headers: HeaderMap;
  readonly body: string;
  readonly trailers?: HeaderMap;
  /** Some of the body has yet to come, and never will. */
  readonly isIncomplete?: boolean;
  /** The codec does not take it: it has its stream, of which nothing is written. */
  readonly isRefused?: boolean;
  /** The request is a stream on which both sides speak in turn; its reply comes when it ends. */
  readonly duplex?: DuplexClient;
  /** The request asks to switch protocols; its reply is a refusal, or the end of the tunnel. */
  readonly tunnel?: TunnelRequest;
}

/** The near side of a switch of protocols. */
export interface TunnelRequest {
  onOpen(head: HttpResponse, socket: TunnelSocket): void;
  onData(text: string): void;
}

/** What takes the bytes of a tunnel. */
export interface TunnelSocket {
  write(text: string): void;
  destroy(): void;
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
  | {
      readonly response: HttpResponse;
      readonly cut?: 'after_headers';
      /** Before it the upstream said that the body may come. */
      readonly continues?: boolean;
      /** Lines of its connection alone, which no filter sees. */
      readonly connectionHeaders?: HeaderMap;
    }
  | {
      readonly failure: 'refused' | 'unbound' | 'reset' | 'remote_reset' | 'protocol_error';
      /** What the transport socket says of it. */
      readonly transportFailure?: string;
    };

/** A question about the health of what listens at an address. */
export interface HealthQuestion {
  readonly address: string;
  readonly kind: 'http' | 'tcp' | 'grpc';
  /** How it is put, where it is HTTP. */
  readonly isHttp2: boolean;
  /** Of TCP: what is said first, and whether there is something to wait for. */
  readonly sends: string;
  readonly waits: boolean;
}

/** What a health check was told: for gRPC whether it is serving. */
export interface HealthAnswer {
  readonly status: number;
  readonly headers: HeaderMap;
  /** Of HTTP its body, of TCP what came. */
  readonly body: string;
  readonly serving?: boolean;
}

/** How a connection upstream came to nothing. */
export type ConnectFailure = 'refused' | 'timeout';

/** What comes from an upstream on a connection of bytes. */
export interface UpstreamSocketCallbacks {
  onConnected(): void;
  onFailed(failure: ConnectFailure): void;
  onData(payload: Payload): void;
  /** It writes no more (`fin`), or the connection is gone (`reset`). */
  onClose(how: 'fin' | 'reset'): void;
}

/** The proxy's end of a connection of bytes to an upstream. */
export interface UpstreamSocket {
  write(payload: Payload): void;
  /** No more bytes will come. */
  end(): void;
  destroy(): void;
}

/** What the upstream learns of a TLS connection: FORMAT's `tls` of a request that it got. */
export interface SeenTls {
  readonly sni?: string;
  readonly alpn?: string;
  readonly client?: string;
}

/** The network behind the proxy. Calls back in virtual time, never at once; not at all when the upstream is silent. */
export interface UpstreamNetwork {
  /** Whether nothing listens at the address. */
  refuses(address: string): boolean;
  /** Asks for the health of what listens at an address; undefined where nothing does, and no answer where it says nothing. */
  checkHealth(question: HealthQuestion, answered: (answer: HealthAnswer | undefined) => void): void;
  /** The addresses of a name; an address is its own. */
  resolve(name: string): string[];
  /** Connects to the management server at the address: a stream that ends soon where there is none. */
  openDiscoveryStream(address: string, callbacks: AdsStreamCallbacks): AdsStream;
  /** The TLS that what listens at the address speaks; undefined where it speaks plain text. */
  tlsOf(address: string): ServerTls | undefined;
  /** Calls back when a connection would stand. */
  whenConnected(run: () => void): void;
  /** Opens a connection of bytes. Under TLS, `tls` is what the upstream knows of it. */
  connect(address: string, tls: SeenTls | undefined, callbacks: UpstreamSocketCallbacks): UpstreamSocket;
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
