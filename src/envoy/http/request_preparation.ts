import { portOf } from '../network/address.ts';
import type { Connection } from '../seams.ts';
import { identifyClient } from './client_address.ts';
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
  if (settings.appendsForwardedPort) appendForwardedPort(headers, connection, settings);
  const scheme = settings.schemeToOverwrite;
  if (scheme !== undefined) headers.set('x-forwarded-proto', scheme);
  headers.set(':scheme', headers.get('x-forwarded-proto')!);
  if (client.isInternal) headers.set('x-envoy-internal', 'true');
  else headers.removeAll(INTERNAL_HEADERS);
  if (client.isEdge) {
    for (const name of EDGE_HEADERS) headers.remove(name);
    headers.set('x-envoy-external-address', client.address);
  }
  if (settings.userAgent) nameDownstream(headers, settings.userAgent);
  settings.forwardClientCert(headers, connection);
  if (settings.via !== undefined) appendVia(headers, settings.via);
  if (settings.generatesRequestId) settings.requestId.set(headers, client.isEdge, settings.keepsExternalRequestId);
  else if (client.isEdge && !settings.keepsExternalRequestId) headers.remove('x-request-id');
  return client.address;
}

/** What a client says of the port counts only where proxies before this one are trusted. */
function appendForwardedPort(
  headers: HeaderMap,
  { localAddress }: Connection,
  { useRemoteAddress, xffTrustedHops }: ConnectionManagerSettings,
): void {
  if ((useRemoteAddress && xffTrustedHops === 0) || !headers.has('x-forwarded-port'))
    headers.set('x-forwarded-port', String(portOf(localAddress)));
}

/** `add_user_agent`: to the upstream this Envoy is the client. */
function nameDownstream(
  headers: HeaderMap,
  { cluster, node }: NonNullable<ConnectionManagerSettings['userAgent']>,
): void {
  headers.set('x-envoy-downstream-service-cluster', cluster);
  if ((headers.get('user-agent') ?? '') === '') headers.set('user-agent', cluster);
  if (node !== '') headers.set('x-envoy-downstream-service-node', node);
}

export const appendVia = (headers: HeaderMap, via: string): void =>
  headers.set('via', [...headers.all('via'), via].join(', '));

/** Takes a dot behind the name of Host, and its port, any or only the listener's own, out as the connection manager is told to. */
export function normalizeHost(
  headers: HeaderMap,
  connection: Connection,
  { stripsPort, stripsTrailingDot }: ConnectionManagerSettings,
): void {
  if (stripsTrailingDot) headers.set(':authority', (headers.get(':authority') ?? '').replace(/\.(?=(:\d+)?$)/, ''));
  if (stripsPort === undefined) return;
  const authority = headers.get(':authority') ?? '';
  const own = `:${portOf(connection.localAddress)}`;
  if (stripsPort === 'any' || authority.endsWith(own)) headers.set(':authority', authority.replace(/:\d+$/, ''));
}
