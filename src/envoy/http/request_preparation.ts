import type { Connection } from '../seams.ts';
import { identifyClient } from './client_address.ts';
import { forwardClientCert } from './forwarded_client_cert.ts';
import type { HeaderMap } from './header_map.ts';
import type { ConnectionManagerSettings } from './settings.ts';
import { isUpgrade } from './upgrades.ts';

/** Headers by which only internal clients may steer Envoy: conn_manager_utility.cc, cleanInternalHeaders. */
const INTERNAL_HEADERS: ReadonlySet<string> = new Set([
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
]);
/** What an external client at the edge may not say of itself. */
const EDGE_HEADERS = [
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
];
/** Headers of one connection, which never go on. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'expect',
  'x-envoy-internal',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
]);
const HOP_BY_HOP_BUT_UPGRADE: ReadonlySet<string> = new Set(
  [...HOP_BY_HOP].filter((name) => name !== 'connection' && name !== 'upgrade'),
);

/** What Envoy does to every request before a route is looked for; the client's address is what the log will say. */
export function prepare(headers: HeaderMap, connection: Connection, settings: ConnectionManagerSettings): string {
  // Both ends of a switch of protocols have to see who wants it: conn_manager_utility.cc, mutateRequestHeaders.
  const expect = settings.proxies100Continue ? headers.get('expect') : undefined;
  if (isUpgrade(headers)) headers.removeAll(HOP_BY_HOP_BUT_UPGRADE);
  else headers.removeAll(HOP_BY_HOP);
  if (expect !== undefined) headers.set('expect', expect);
  const client = identifyClient(headers, connection, settings);
  const scheme = settings.schemeToOverwrite;
  if (scheme !== undefined) headers.set('x-forwarded-proto', scheme);
  headers.set(':scheme', headers.get('x-forwarded-proto')!);
  if (client.isInternal) headers.set('x-envoy-internal', 'true');
  else headers.removeAll(INTERNAL_HEADERS);
  if (client.isEdge) {
    for (const name of EDGE_HEADERS) headers.remove(name);
    headers.set('x-envoy-external-address', client.address);
  }
  forwardClientCert(headers, connection, settings.forwardClientCert);
  if (settings.via !== undefined) appendVia(headers, settings.via);
  if (settings.generatesRequestId) settings.requestId.set(headers, client.isEdge, settings.keepsExternalRequestId);
  else if (client.isEdge && !settings.keepsExternalRequestId) headers.remove('x-request-id');
  return client.address;
}

export const appendVia = (headers: HeaderMap, via: string): void =>
  headers.set('via', [...headers.all('via'), via].join(', '));

/** Takes the port out of Host, any or only the listener's own, as the connection manager is told to. */
export function stripPort(headers: HeaderMap, connection: Connection, { stripsPort }: ConnectionManagerSettings): void {
  if (stripsPort === undefined) return;
  const authority = headers.get(':authority') ?? '';
  const own = `:${connection.localAddress.slice(connection.localAddress.lastIndexOf(':') + 1)}`;
  if (stripsPort === 'any' || authority.endsWith(own)) headers.set(':authority', authority.replace(/:\d+$/, ''));
}
