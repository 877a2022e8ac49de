import type { Call, HttpClient } from '../../../../http/clients.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';
import type { Asked } from './check_request.ts';
import type { HttpService } from './config.ts';
import { verdictOf, type Verdict } from './verdict.ts';

const TO_REMOVE = 'x-envoy-auth-headers-to-remove';

/** Asks a server over HTTP with the request's own method and path: ext_authz_http_impl.cc. */
export function checkOverHttp(
  service: HttpService,
  client: HttpClient,
  asked: Asked,
  fill: (template: string) => string,
  decided: (verdict: Verdict) => void,
): Call | undefined {
  if (!client.hasCluster(service.cluster)) return void decided(verdictOf('error'));
  const body = asked.body ?? '';
  const headers = new HeaderMap([['content-length', String(body.length)]]);
  for (const [name, value] of asked.headers) {
    if (name === 'content-length') continue;
    headers.add(name, name === ':path' ? service.pathOf(value) : value);
  }
  for (const [name, value] of service.headersToAdd) headers.set(name, fill(value));
  const { cluster, timeoutMs, retryPolicy } = service;
  return client.send({ cluster, headers, body, timeoutMs, retryPolicy }, ({ response }) =>
    decided(readVerdict(service, response)),
  );
}

function readVerdict(service: HttpService, { status, headers, body }: HttpResponse): Verdict {
  if (status >= 500) return verdictOf('error');
  const pairs = headers.pairs().filter(([name]) => name !== TO_REMOVE);
  const those = (fits: (name: string) => boolean): [string, string][] => pairs.filter(([name]) => fits(name));
  const metadata = those(service.toMetadata);
  const common = {
    headersToRemove: headers.all(TO_REMOVE).flatMap((one) => one.split(',').map((name) => name.trim().toLowerCase())),
    dynamicMetadata: metadata.length > 0 ? Object.fromEntries(metadata) : undefined,
  };
  if (status !== 200)
    return verdictOf('denied', { ...common, headersToSet: those(service.toClient), code: status, body });
  return verdictOf('ok', {
    ...common,
    headersToSet: those(service.toUpstream),
    headersToAdd: those(service.appendedToUpstream),
    responseHeaders: those(service.toClientOnSuccess).map(([name, value]) => ({
      name,
      value,
      action: 'APPEND_IF_EXISTS_OR_ADD',
    })),
  });
}
