import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { HttpResponse } from '../seams.ts';
import type { HeaderMap } from './header_map.ts';

/** Something under way that can be given up: nobody is called back after that. */
export interface Call {
  cancel(): void;
}

export interface ClientRequest {
  readonly cluster: string;
  readonly headers: HeaderMap;
  readonly body: string;
  /** 0 is without end. */
  readonly timeoutMs: number;
  /** Adds Envoy's own address to `x-forwarded-for`. */
  readonly sendsForwardedFor?: boolean;
  readonly retryPolicy?: ConfigNode | undefined;
  /** Does not say that it is Envoy's own. */
  readonly hidesInternal?: boolean;
}

/** An answer, Envoy's own where no upstream gave one, and how it came about. */
export interface ClientResponse {
  readonly response: HttpResponse;
  readonly details: string;
}

/** Requests that Envoy makes by itself, over its own clusters: http/async_client_impl.cc. */
export interface HttpClient {
  hasCluster(name: string): boolean;
  /** Calls back later, and once. The cluster has to be there. */
  send(request: ClientRequest, answered: (answer: ClientResponse) => void): Call;
}

export type GrpcAnswer =
  { readonly message: JsonObject } | { readonly status: number; readonly text: string; readonly details: string };

/** What a stream of messages tells the side that opened it. */
export interface GrpcStreamCallbacks {
  onMessage(message: JsonObject): void;
  /** The other side has ended it, well (0) or not; or there was no connection. */
  onClose(status: number, text: string): void;
}

export interface GrpcStream {
  send(message: JsonObject): void;
  /** Ends it from this side: nobody is called back any more. */
  reset(): void;
}

/** gRPC that Envoy speaks by itself. Messages are JSON as protobuf spells it: grpc/async_client_impl.cc. */
export interface GrpcClient {
  /** `service` is a `core.v3.GrpcService`, `method` the path. Calls back later, and once. */
  unary(
    service: ConfigNode,
    method: string,
    message: JsonObject,
    answered: (answer: GrpcAnswer) => void,
    timeoutMs?: number,
  ): Call;
  openStream(service: ConfigNode, method: string, callbacks: GrpcStreamCallbacks): GrpcStream;
}
