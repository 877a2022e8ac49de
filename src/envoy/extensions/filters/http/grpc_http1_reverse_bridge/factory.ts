import { isGrpc, statusOfHttp } from '../../../../formatter/grpc_status.ts';
import { frameOf } from '../../../../grpc/frames.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';

const FRAME_BYTES = 5;
const UNKNOWN = 2;
const INTERNAL = 13;

export const grpcHttp1ReverseBridgeFilterFactory = defineHttpFilter<ConfigNode>({
  name: 'envoy.filters.http.grpc_http1_reverse_bridge',
  type: 'envoy.extensions.filters.http.grpc_http1_reverse_bridge.v3.FilterConfig',
  fidelity: { level: 'partial', notSimulated: ['a size that is told wrong'] },
  compile: (config) => (callbacks, perRoute) =>
    perRoute?.flag('disabled') === true ? {} : new GrpcHttp1ReverseBridgeFilter(config, callbacks),
  compilePerRoute: (config) => config,
});

/** Lets a server that knows nothing of gRPC answer its calls: extensions/filters/http/grpc_http1_reverse_bridge/filter.cc. */
class GrpcHttp1ReverseBridgeFilter implements HttpFilter {
  readonly #config: ConfigNode;
  readonly #callbacks: FilterCallbacks;
  /** What the client sent; undefined where the request is not bridged. */
  #type: string | undefined;

  constructor(config: ConfigNode, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  get #upstreamType(): string {
    return this.#config.text('content_type') ?? '';
  }

  get #withholds(): boolean {
    return this.#config.flag('withhold_grpc_frames');
  }

  decode(): FilterStatus {
    const { request, requestBody } = this.#callbacks;
    if (requestBody === '' || !isGrpc(request)) return 'continue';
    this.#type = request.get('content-type');
    request.set('content-type', this.#upstreamType);
    request.set('accept', this.#upstreamType);
    if (this.#withholds) {
      this.#adjustLength(request, -FRAME_BYTES);
      this.#callbacks.requestBody = requestBody.slice(FRAME_BYTES);
    }
    this.#callbacks.clearRouteCache();
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    const type = this.#type;
    if (type === undefined) return response;
    const { headers, status } = response;
    if (headers.get('content-type') !== this.#upstreamType) return this.#refuseType(response);
    headers.set('content-type', type);
    const body = this.#withholds ? this.#framed(response) : response.body;
    if (body === undefined) return this.#refuseSize();
    const trailers = response.trailers ?? new HeaderMap();
    trailers.set('grpc-status', String(status === 200 ? 0 : statusOfHttp(status)));
    return { status: 200, headers, body, trailers };
  }

  /** Undefined where the upstream does not tell the size that it should. */
  #framed({ headers, body }: HttpResponse): string | undefined {
    const sizeHeader = this.#config.text('response_size_header') ?? '';
    const size = sizeHeader === '' ? undefined : (headers.get(sizeHeader.toLowerCase()) ?? '');
    if (size !== undefined && !/^\d+(,|$)/.test(size)) return undefined;
    if (size !== undefined || body === '') headers.set('content-length', String(body.length + FRAME_BYTES));
    else this.#adjustLength(headers, FRAME_BYTES);
    return frameOf(body);
  }

  #adjustLength(headers: HeaderMap, bytes: number): void {
    const length = Number(headers.get('content-length') ?? 0);
    if (length > 0) headers.set('content-length', String(length + bytes));
  }

  #refuseType({ headers, status }: HttpResponse): 'stop_iteration' {
    const type = headers.get('content-type');
    const what = type === undefined ? 'no content-type header' : `unsupported content-type ${type}`;
    const body = `envoy reverse bridge: upstream responded with ${what}, status code ${status}`;
    return this.#refuse(body, 'grpc_bridge_content_type_wrong', UNKNOWN);
  }

  #refuseSize(): 'stop_iteration' {
    const body = 'envoy reverse bridge: upstream did not set content length';
    return this.#refuse(body, 'grpc_bridge_content_length_missing', INTERNAL);
  }

  #refuse(body: string, details: string, grpcStatus: number): 'stop_iteration' {
    this.#type = undefined;
    this.#callbacks.sendLocalReply({ status: 200, body, details, grpcStatus });
    return 'stop_iteration';
  }
}
