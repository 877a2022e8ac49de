import { durationMs, type JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { statusOfHttp } from '../formatter/grpc_status.ts';
import type {
  Call,
  ClientResponse,
  GrpcAnswer,
  GrpcClient,
  GrpcStream,
  GrpcStreamCallbacks,
  HttpClient,
} from '../http/clients.ts';
import { OWN_ADDRESS } from '../http/client_address.ts';
import { HeaderMap } from '../http/header_map.ts';
import type { RouterServices } from '../router/router_services.ts';
import { BidiStream } from './bidi_stream.ts';
import { frameOf, messagesOf } from './frames.ts';

const UNKNOWN = 2;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/**
 * gRPC over Envoy's own clusters: grpc/async_client_impl.cc. Simplified: messages travel as JSON, for both ends of the
 * wire are of this world; only `envoy_grpc` has a cluster to go to.
 */
export class AsyncGrpcClient implements GrpcClient {
  readonly #http: HttpClient;
  readonly #services: RouterServices;

  constructor(http: HttpClient, services: RouterServices) {
    this.#http = http;
    this.#services = services;
  }

  unary(
    service: ConfigNode,
    method: string,
    message: JsonObject,
    answered: (answer: GrpcAnswer) => void,
    timeoutMs = durationMs(service.text('timeout')) ?? 0,
  ): Call {
    const target = service.child('envoy_grpc');
    const cluster = target?.text('cluster_name') ?? '';
    if (!this.#http.hasCluster(cluster)) return this.#withoutCluster(answered);
    return this.#http.send(
      {
        cluster,
        headers: headersOf(service, method),
        body: frameOf(JSON.stringify(message)),
        timeoutMs,
        sendsForwardedFor: true,
        retryPolicy: service.child('retry_policy') ?? target?.child('retry_policy'),
      },
      (answer) => answered(readAnswer(answer)),
    );
  }

  #withoutCluster(answered: (answer: GrpcAnswer) => void): Call {
    let isCancelled = false;
    this.#services.dispatcher.post('grpc_without_cluster', () => {
      if (!isCancelled) answered({ status: UNAVAILABLE, text: 'Cluster not available', details: '' });
    });
    return { cancel: () => void (isCancelled = true) };
  }

  openStream(service: ConfigNode, method: string, callbacks: GrpcStreamCallbacks): GrpcStream {
    const headers = headersOf(service, method);
    headers.set('x-envoy-internal', 'true');
    headers.set('x-forwarded-for', OWN_ADDRESS);
    const cluster = this.#services.clusters.get(service.child('envoy_grpc')?.text('cluster_name') ?? '');
    return new BidiStream(cluster, headers, this.#services, callbacks);
  }
}

function headersOf(service: ConfigNode, method: string): HeaderMap {
  const target = service.child('envoy_grpc');
  const headers = new HeaderMap([
    [':method', 'POST'],
    [':path', method],
    [':authority', target?.text('authority') || (target?.text('cluster_name') ?? '')],
    [':scheme', 'http'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
  ]);
  for (const one of service.list('initial_metadata'))
    headers.add((one.text('key') ?? '').toLowerCase(), one.text('value') ?? '');
  return headers;
}

/** A message that came whole with the status OK, or what went wrong. */
function readAnswer({ response, details }: ClientResponse): GrpcAnswer {
  const { status, headers, trailers, body } = response;
  if (status !== 200) return { status: statusOfHttp(status), text: body, details };
  const end = trailers ?? headers;
  const code = end.get('grpc-status');
  if (response.reset === true || code === undefined) return { status: UNKNOWN, text: '', details };
  if (code !== '0') return { status: Number(code), text: end.get('grpc-message') ?? '', details };
  const message = messagesOf(body)[0];
  return message === undefined ? { status: INTERNAL, text: '', details } : { message: messageOf(message) };
}

/** Bytes of another service stand for a message without fields: that is all that its caller asks of it. */
function messageOf(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return {};
  }
}
