import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { frameOf } from '../../../../grpc/frames.ts';
import type { HttpResponse } from '../../../../seams.ts';

const PROTOBUF = 'application/x-protobuf';
const FRAME_BYTES = 5;

export const grpcHttp1BridgeFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.grpc_http1_bridge',
  type: 'envoy.extensions.filters.http.grpc_http1_bridge.v3.Config',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config) => {
    return (callbacks) => new GrpcHttp1BridgeFilter(config, callbacks);
  },
});

/** Lets an HTTP/1 client speak gRPC: trailers become headers (grpc_http1_bridge/http1_bridge_filter.cc). */
class GrpcHttp1BridgeFilter implements HttpFilter {
  readonly #config: ConfigNode;
  readonly #callbacks: FilterCallbacks;
  #isBridging = false;
  #isUpgraded = false;

  constructor(config: ConfigNode, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, connection, requestBody } = this.#callbacks;
    const type = request.get('content-type') ?? '';
    const isGrpc = /^application\/grpc(\+|$)/.test(type);
    this.#isUpgraded =
      this.#config.flag('upgrade_protobuf_to_grpc') && type === PROTOBUF && connection.protocol === 'http1';
    this.#isBridging = this.#isUpgraded || (isGrpc && connection.protocol === 'http1');
    const path = request.get(':path');
    if (this.#isBridging && path !== undefined && this.#config.flag('ignore_query_parameters'))
      request.set(':path', path.split('?')[0]!);
    if (this.#isUpgraded) {
      request.set('content-type', 'application/grpc');
      request.remove('content-length');
      this.#callbacks.requestBody = frameOf(requestBody);
    }
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    const { headers, trailers } = response;
    if (!this.#isBridging || !trailers) return response;
    const status = trailers.get('grpc-status');
    const isFailure = status === undefined || status !== '0';
    if (status !== undefined) headers.set('grpc-status', status);
    const message = trailers.get('grpc-message');
    if (message !== undefined) headers.set('grpc-message', message);
    const body = this.#isUpgraded ? response.body.slice(FRAME_BYTES) : response.body;
    headers.set('content-length', String(body.length));
    return { status: isFailure ? 503 : response.status, headers, body };
  }
}
