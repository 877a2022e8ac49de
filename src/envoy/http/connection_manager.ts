import type { ConfigNode } from '../config_node.ts';
import { redirectOf } from '../router/rewrite.ts';
import { firstMatchingRoute, type Route } from '../router/route.ts';
import { routeUpstream, type RouterServices } from '../router/router_filter.ts';
import { VirtualHosts } from '../router/virtual_host.ts';
import type { Connection } from '../seams.ts';
import { HeaderMap } from './header_map.ts';
import { Stream, type StreamResult } from './stream.ts';

/** Headers by which only internal clients may steer Envoy: conn_manager_utility.cc, cleanInternalHeaders. */
const INTERNAL_HEADERS = [
  'x-envoy-retry-on', 'x-envoy-retry-grpc-on', 'x-envoy-max-retries', 'x-envoy-upstream-alt-stat-name', 'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms', 'x-envoy-upstream-rq-timeout-alt-response', 'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace', 'x-envoy-ip-tags', 'x-envoy-original-url', 'x-envoy-decorator-operation', 'x-envoy-internal',
];

/** `HttpConnectionManager`: a request becomes a stream, gets its virtual host and route, and goes to the filters. */
export class ConnectionManager {
  readonly #node: ConfigNode;
  readonly #statPrefix: string;
  readonly #routeConfig: ConfigNode | undefined;
  readonly #virtualHosts: VirtualHosts | undefined;
  readonly #services: RouterServices;
  readonly #suppressEnvoyHeaders: boolean;

  constructor(node: ConfigNode, services: RouterServices) {
    this.#node = node;
    this.#statPrefix = `http.${node.text('stat_prefix') ?? ''}.`;
    this.#routeConfig = node.child('route_config');
    this.#virtualHosts = this.#routeConfig && new VirtualHosts(this.#routeConfig);
    this.#services = services;
    const router = node.list('http_filters').at(-1)?.child('typed_config');
    this.#suppressEnvoyHeaders = router?.flag('suppress_envoy_headers') === true;
  }

  newStream(connection: Connection, request: { headers: HeaderMap; body: string }, done: (result: StreamResult) => void): void {
    const { stats, trace } = this.#services;
    stats.add(`${this.#statPrefix}downstream_rq_total`);
    const stream = new Stream(request.headers, request.body, { statPrefix: this.#statPrefix, routeConfig: this.#routeConfig, connection, suppressEnvoyHeaders: this.#suppressEnvoyHeaders }, (result) => {
      this.#count(result.response.status);
      trace?.record({ kind: 'stream_completed', state: 'info', sentence: `Envoy answers ${result.response.status} (${String(result.log['flags'])}, ${String(result.log['details'])}).` });
      done(result);
    });
    if (stream.request.get(':authority') === undefined) return stream.sendLocalReply(400, '', '-', 'missing_host_header');
    prepare(stream.request, connection);
    this.#stripPort(stream.request, connection);
    stats.add(`${this.#statPrefix}rq_total`);
    this.#route(stream, connection);
  }

  #route(stream: Stream, connection: Connection): void {
    const { stats, trace } = this.#services;
    if ((stream.request.get(':path') ?? '').includes('#')) return stream.sendLocalReply(400, '', '-', 'path_normalization_failed');
    stream.virtualHost = this.#virtualHosts?.find(stream.request.get(':authority') ?? '', trace);
    const needsTls = stream.virtualHost?.node.text('require_tls') ?? 'NONE';
    if (needsTls !== 'NONE' && !connection.tls) return this.#redirectToTls(stream);
    stream.route = stream.virtualHost && firstMatchingRoute(stream.virtualHost.routes, stream.request, this.#services.random, trace);
    Object.assign(stream.log, { authority: stream.request.get(':authority'), path: stream.request.get(':path') });
    if (!stream.route) {
      stats.add(`${this.#statPrefix}no_route`);
      return stream.sendLocalReply(404, '', 'NR', 'route_not_found');
    }
    this.#act(stream, stream.route, connection);
  }

  #act(stream: Stream, route: Route, connection: Connection): void {
    if (route.name !== '') stream.log['route'] = route.name;
    if (route.redirect) return this.#redirect(stream, connection);
    if (route.directResponse) return this.#respondDirectly(stream, route.directResponse);
    routeUpstream(stream, this.#services);
    stream.log['path'] = stream.request.get(':path') ?? '';
    stream.log['authority'] = stream.request.get(':authority') ?? '';
    const original = stream.request.get('x-envoy-original-path');
    if (original !== undefined) stream.log['original_path'] = original;
  }

  #stripPort(headers: HeaderMap, connection: Connection): void {
    const authority = headers.get(':authority') ?? '';
    const own = `:${connection.localAddress.slice(connection.localAddress.lastIndexOf(':') + 1)}`;
    if (this.#node.flag('strip_any_host_port') || (this.#node.flag('strip_matching_host_port') && authority.endsWith(own))) {
      headers.set(':authority', authority.replace(/:\d+$/, ''));
    }
  }

  #redirect(stream: Stream, connection: Connection): void {
    const { status, location } = redirectOf(stream.route!, stream.request, connection.tls ? 'https' : 'http');
    this.#services.stats.add(`${this.#statPrefix}rq_direct_response`);
    const headers = new HeaderMap([['location', location], ['content-length', '0']]);
    stream.finish({ status, headers, body: '' }, '-', 'direct_response');
  }

  /** Every client is external by default, so EXTERNAL_ONLY asks the same as ALL. */
  #redirectToTls(stream: Stream): void {
    const location = `https://${stream.request.get(':authority') ?? ''}${stream.request.get(':path') ?? ''}`;
    stream.log['path'] = stream.request.get(':path') ?? '';
    stream.log['authority'] = stream.request.get(':authority') ?? '';
    this.#services.stats.add(`${this.#statPrefix}rq_direct_response`);
    stream.finish({ status: 301, headers: new HeaderMap([['location', location], ['content-length', '0']]), body: '' }, '-', 'direct_response');
  }

  #respondDirectly(stream: Stream, node: ConfigNode): void {
    this.#services.stats.add(`${this.#statPrefix}rq_direct_response`);
    const body = node.child('body');
    stream.sendLocalReply(node.number('status') ?? 200, body?.text('inline_string') ?? '', '-', 'direct_response');
  }

  #count(status: number): void {
    this.#services.stats.add(`${this.#statPrefix}downstream_rq_${Math.floor(status / 100)}xx`);
    this.#services.stats.add(`${this.#statPrefix}downstream_rq_completed`);
  }
}

/** What Envoy does to every request of an external client before a route is looked for. */
function prepare(headers: HeaderMap, connection: Connection): void {
  for (const name of [...INTERNAL_HEADERS, 'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding']) headers.remove(name);
  headers.set('x-forwarded-proto', connection.tls ? 'https' : (headers.get('x-forwarded-proto') ?? 'http'));
  if (headers.get('x-request-id') === undefined) headers.set('x-request-id', '<uuid>');
}
