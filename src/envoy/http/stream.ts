import type { ConfigNode } from '../config_node.ts';
import type { Route } from '../router/route.ts';
import type { VirtualHost } from '../router/virtual_host.ts';
import type { HttpResponse, StreamRecord } from '../seams.ts';
import { HeaderMap } from './header_map.ts';
import { HeaderMutation } from './header_mutation.ts';

export interface StreamResult {
  readonly response: HttpResponse;
  readonly log: StreamRecord;
}

/** One request on its way through a connection manager, and what is known of it. */
export class Stream {
  readonly request: HeaderMap;
  readonly requestBody: string;
  readonly statPrefix: string;
  readonly log: StreamRecord = {};
  virtualHost: VirtualHost | undefined;
  route: Route | undefined;
  readonly #routeConfig: ConfigNode | undefined;
  readonly #done: (result: StreamResult) => void;

  constructor(request: HeaderMap, requestBody: string, owner: { statPrefix: string; routeConfig: ConfigNode | undefined }, done: (result: StreamResult) => void) {
    this.request = request;
    this.requestBody = requestBody;
    this.statPrefix = owner.statPrefix;
    this.#routeConfig = owner.routeConfig;
    this.#done = done;
  }

  /** Request headers by level: the route, then the virtual host, then the route configuration has the last word. */
  mutateRequest(): void {
    for (const level of this.#levels('request')) level.apply(this.request, (operator) => this.#substitute(operator));
  }

  sendLocalReply(status: number, body: string, flags: string, details: string): void {
    const headers = new HeaderMap();
    if (body !== '') headers.set('content-type', 'text/plain');
    headers.set('content-length', String(body.length));
    this.finish({ status, headers, body }, flags, details);
  }

  finish(response: HttpResponse, flags: string, details: string): void {
    if (this.route) for (const level of this.#levels('response')) level.apply(response.headers, (operator) => this.#substitute(operator));
    response.headers.set('date', '<date>');
    response.headers.set('server', 'envoy');
    const body = this.request.get(':method') === 'HEAD' ? '' : response.body;
    Object.assign(this.log, { code: response.status, flags, details, bytes_sent: body.length });
    this.#done({ response: { ...response, body }, log: this.log });
  }

  #levels(direction: 'request' | 'response'): HeaderMutation[] {
    const key = direction === 'request' ? 'requestHeaders' : 'responseHeaders';
    const own = [this.route?.[key], this.virtualHost?.[key]].filter((one) => one !== undefined);
    return this.#routeConfig ? [...own, new HeaderMutation(this.#routeConfig, direction)] : own;
  }

  /** Simplified: of the command operators only those that need nothing but this stream. */
  #substitute(operator: string): string | undefined {
    const header = /^REQ\(([^?)]+)(?:\?([^)]+))?\)/.exec(operator);
    if (header) return this.request.get(header[1]!.toLowerCase()) ?? this.request.get((header[2] ?? '').toLowerCase());
    const values: Record<string, string | undefined> = {
      PROTOCOL: 'HTTP/1.1',
      ROUTE_NAME: this.route?.name,
      DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: String(this.log['remote'] ?? ''),
      UPSTREAM_HOST: this.log['upstream_host'] as string | undefined,
      UPSTREAM_CLUSTER: this.log['cluster'] as string | undefined,
    };
    return values[operator];
  }
}
