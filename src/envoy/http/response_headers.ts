import type { HttpTracing } from '../tracing/http_tracing.ts';
import type { HttpResponse } from '../seams.ts';
import type { HeaderMap } from './header_map.ts';
import type { Outcome } from './proxy_status.ts';
import { appendVia } from './request_preparation.ts';
import type { ConnectionManagerSettings } from './settings.ts';
import type { Stream } from './stream.ts';
import { isUpgrade } from './upgrades.ts';

const OF_ONE_CONNECTION: ReadonlySet<string> = new Set(['connection', 'upgrade', 'proxy-connection']);

/** What the connection manager does to every response, which no route can change: conn_manager_utility.cc, mutateResponseHeaders. */
export function finishResponse(
  stream: Stream,
  response: HttpResponse,
  how: { readonly isLocal: boolean; readonly outcome: Outcome },
  { settings, tracing }: { settings: ConnectionManagerSettings; tracing: HttpTracing | undefined },
): HttpResponse {
  const { headers } = response;
  if (!stream.isTunnel || !isUpgrade(headers)) headers.removeAll(OF_ONE_CONNECTION);
  headers.set('date', '<date>');
  nameServer(headers, settings);
  if (settings.via !== undefined && !how.isLocal) appendVia(headers, settings.via);
  tracing?.finishHeaders(stream, headers);
  const showsId = settings.setsRequestIdInResponse || stream.request.has('x-envoy-force-trace');
  const id = showsId ? stream.request.get('x-request-id') : undefined;
  if (id !== undefined) headers.set('x-request-id', id);
  const status = settings.tellProxyStatus?.(headers, how.outcome);
  return status === undefined ? response : { ...response, status };
}

function nameServer(headers: HeaderMap, { serverName, serverHeader }: ConnectionManagerSettings): void {
  const isAbsent = headers.get('server') === undefined;
  if (serverHeader === 'OVERWRITE' || (serverHeader === 'APPEND_IF_ABSENT' && isAbsent))
    headers.set('server', serverName);
}
