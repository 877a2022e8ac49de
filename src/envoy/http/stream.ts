import type { ConfigNode } from '../config_node.ts';
import type { Route } from '../router/route.ts';
import type { VirtualHost } from '../router/virtual_host.ts';
import type { WeightedCluster } from '../router/cluster_choice.ts';
import type { FormatterContext } from '../formatter/command_operators.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Connection, HttpResponse, StreamRecord } from '../seams.ts';
import { HeaderMap } from './header_map.ts';
import { HeaderMutation } from './header_mutation.ts';

export interface StreamResult {
  readonly response: HttpResponse;
  readonly log: StreamRecord;
}

/** What a stream takes over from its connection manager and connection. */
export interface StreamOwner {
  readonly statPrefix: string;
  readonly routeConfig: ConfigNode | undefined;
  readonly connection: Connection;
  readonly suppressEnvoyHeaders: boolean;
}

/** One request on its way through a connection manager, and what is known of it. */
export class Stream {
  readonly request: HeaderMap;
  readonly requestBody: string;
  readonly statPrefix: string;
  readonly suppressEnvoyHeaders: boolean;
  readonly log: StreamRecord = {};
  readonly connection: Connection;
  virtualHost: VirtualHost | undefined;
  cluster: Cluster | undefined;
  /** The entry of weighted_clusters that was picked: the narrowest level of headers. */
  weighted: WeightedCluster | undefined;
  route: Route | undefined;
  readonly #routeConfig: ConfigNode | undefined;
  readonly #done: (result: StreamResult) => void;

  constructor(request: HeaderMap, requestBody: string, owner: StreamOwner, done: (result: StreamResult) => void) {
    this.request = request;
    this.connection = owner.connection;
    this.suppressEnvoyHeaders = owner.suppressEnvoyHeaders;
    this.log['protocol'] = owner.connection.protocol === 'http2' ? 'HTTP/2' : 'HTTP/1.1';
    this.requestBody = requestBody;
    this.statPrefix = owner.statPrefix;
    this.#routeConfig = owner.routeConfig;
    this.#done = done;
  }

  /** Request headers by level: the route, then the virtual host, then the route configuration has the last word. */
  mutateRequest(): void {
    for (const level of this.#levels('request')) level.apply(this.request, this.#context());
  }

  sendLocalReply(status: number, body: string, flags: string, details: string): void {
    const headers = new HeaderMap();
    if (body !== '') headers.set('content-type', 'text/plain');
    headers.set('content-length', String(body.length));
    this.finish({ status, headers, body }, flags, details);
  }

  finish(response: HttpResponse, flags: string, details: string): void {
    this.log['code'] = response.status;
    if (this.route) for (const level of this.#levels('response')) level.apply(response.headers, this.#context(response.headers));
    response.headers.set('date', '<date>');
    response.headers.set('server', 'envoy');
    const body = this.request.get(':method') === 'HEAD' ? '' : response.body;
    Object.assign(this.log, { code: response.status, flags, details, bytes_sent: body.length });
    this.#done({ response: { ...response, body }, log: this.log });
  }

  #levels(direction: 'request' | 'response'): HeaderMutation[] {
    const key = direction === 'request' ? 'requestHeaders' : 'responseHeaders';
    const own = [this.weighted?.[key], this.route?.[key], this.virtualHost?.[key]].filter((one) => one !== undefined);
    return this.#routeConfig ? [...own, new HeaderMutation(this.#routeConfig, direction)] : own;
  }

  #context(response?: HeaderMap): FormatterContext {
    const { request, log, connection, route, cluster } = this;
    return {
      request, log,
      ...(response ? { response } : {}),
      routeMetadata: route?.node.child('metadata')?.raw('filter_metadata'),
      clusterMetadata: cluster?.node.child('metadata')?.raw('filter_metadata'),
      localAddress: connection.localAddress,
      remoteAddress: connection.remoteAddress,
    };
  }
}
