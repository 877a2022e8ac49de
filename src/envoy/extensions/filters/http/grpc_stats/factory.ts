import { isGrpc } from '../../../../formatter/grpc_status.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import { chargeGrpc, grpcMethodOf, grpcPrefix } from '../../../../grpc/method_stats.ts';
import { countFrames } from '../../../../grpc/frames.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import type { HttpResponse } from '../../../../seams.ts';

type Method = { readonly service: string; readonly method: string };

export const grpcStatsFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.grpc_stats',
  type: 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
  fidelity: { level: 'partial', notSimulated: ['emit_filter_state', 'enable_upstream_stats'] },
  compile: (config) => {
    const isNamed = compileNamed(config);
    // The names of a list were made when it was read, and keep their dots.
    const replacesDots =
      config.flag('replace_dots_in_grpc_service_name') && !config.has('individual_method_stats_allowlist');
    const nameOf = (method: Method): Method | undefined =>
      isNamed(method)
        ? { ...method, service: replacesDots ? method.service.replaceAll('.', '_') : method.service }
        : undefined;
    return (callbacks) => new GrpcStatsFilter(nameOf, callbacks);
  },
});

/** Which methods have statistics of their own; the others are counted together. */
function compileNamed(config: ConfigNode): (method: Method) => boolean {
  const list = config.child('individual_method_stats_allowlist');
  if (!list) return () => config.raw('stats_for_all_methods') === true;
  const allowed = new Set(
    list
      .list('services')
      .flatMap((one) => one.texts('method_names').map((method) => `${one.text('name') ?? ''}/${method}`)),
  );
  return ({ service, method }) => allowed.has(`${service}/${method}`);
}

/** Counts calls and messages by method: extensions/filters/http/grpc_stats/grpc_stats_filter.cc. */
class GrpcStatsFilter implements HttpFilter {
  readonly #nameOf: (method: Method) => Method | undefined;
  readonly #callbacks: FilterCallbacks;
  #isGrpc = false;
  #name: Method | undefined;

  constructor(nameOf: (method: Method) => Method | undefined, callbacks: FilterCallbacks) {
    this.#nameOf = nameOf;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, requestBody } = this.#callbacks;
    this.#isGrpc = isGrpc(request);
    if (!this.#isGrpc) return 'continue';
    const method = grpcMethodOf(request.get(':path') ?? '');
    this.#name = method && this.#nameOf(method);
    this.#countMessages('request', requestBody);
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    const { cluster, stats } = this.#callbacks;
    if (!this.#isGrpc || !cluster) return response;
    this.#countMessages('response', response.body);
    const status = (response.trailers ?? response.headers).get('grpc-status');
    chargeGrpc(stats, cluster, 'grpc', this.#name, status);
    return response;
  }

  #countMessages(direction: 'request' | 'response', body: string): void {
    const { cluster, stats } = this.#callbacks;
    const count = countFrames(body);
    if (cluster && count > 0) stats.add(`${grpcPrefix(cluster, 'grpc', this.#name)}${direction}_message_count`, count);
  }
}
