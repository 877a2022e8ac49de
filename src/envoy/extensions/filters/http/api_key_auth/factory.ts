import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { cookiePairs, cookieValue } from '../../../../http/cookies.ts';

/** Lets in who shows a known key: extensions/filters/http/api_key_auth/api_key_auth.cc. */
export const apiKeyAuthFilterFactory = defineHttpFilter<ConfigNode>({
  name: 'envoy.filters.http.api_key_auth',
  type: 'envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config) => (callbacks, perRoute) => ({ decode: () => check(config, perRoute, callbacks) }),
  compilePerRoute: (config) => config,
});

/** A field of the route where it says something, or else of the filter. */
const fieldOf = (field: string, own: ConfigNode, perRoute: ConfigNode | undefined): readonly ConfigNode[] => {
  const override = perRoute?.list(field) ?? [];
  return override.length > 0 ? override : own.list(field);
};

function check(own: ConfigNode, perRoute: ConfigNode | undefined, callbacks: FilterCallbacks): FilterStatus {
  const sources = fieldOf('key_sources', own, perRoute);
  const key = sources.map((source) => keyFrom(source, callbacks)).find((one) => one !== undefined);
  if (key === undefined) return refuse(callbacks, 401, 'missing_api_key');
  const client = fieldOf('credentials', own, perRoute)
    .find((one) => one.text('key') === key)
    ?.text('client');
  if (client === undefined) return refuse(callbacks, 401, 'unknown_api_key');
  const allowed = perRoute?.texts('allowed_clients') ?? [];
  if (allowed.length > 0 && !allowed.includes(client)) return refuse(callbacks, 403, 'client_not_allowed');
  callbacks.stats.add(`${callbacks.statPrefix}api_key_auth.allowed`);
  forward(client, sources, { own, perRoute, callbacks });
  return 'continue';
}

function forward(
  client: string,
  sources: readonly ConfigNode[],
  { own, perRoute, callbacks }: { own: ConfigNode; perRoute: ConfigNode | undefined; callbacks: FilterCallbacks },
): void {
  const forwarding = perRoute?.child('forwarding') ?? own.child('forwarding');
  const header = forwarding?.text('header') ?? '';
  if (header !== '') callbacks.request.set(header.toLowerCase(), client);
  if (forwarding?.flag('hide_credentials')) for (const source of sources) hide(source, callbacks);
}

function keyFrom(source: ConfigNode, { request }: FilterCallbacks): string | undefined {
  const header = source.text('header');
  if (header) return request.get(header.toLowerCase())?.replace(/^Bearer /i, '') || undefined;
  const query = source.text('query');
  if (query) return parameters(request.get(':path') ?? '').find(([name]) => name === query)?.[1] || undefined;
  return cookieValue(request, source.text('cookie') ?? '') || undefined;
}

const parameters = (path: string): [string, string][] =>
  (path.split('?')[1] ?? '')
    .split('&')
    .filter((one) => one !== '')
    .map((one) => [one.split('=')[0]!, one.split('=').slice(1).join('=')]);

function hide(source: ConfigNode, { request }: FilterCallbacks): void {
  const [header, query] = [source.text('header'), source.text('query')];
  if (header) request.remove(header.toLowerCase());
  const cookie = source.text('cookie');
  if (cookie) hideCookie(cookie, request);
  if (!query) return;
  const path = request.get(':path') ?? '';
  const kept = parameters(path)
    .filter(([name]) => name !== query)
    .map((pair) => pair.join('='));
  request.set(':path', path.split('?')[0]! + (kept.length > 0 ? `?${kept.join('&')}` : ''));
}

function hideCookie(name: string, request: HeaderMap): void {
  const cookies = cookiePairs(request);
  const kept = cookies.filter((one) => !one.startsWith(`${name}=`));
  if (kept.length === cookies.length) return;
  request.remove('cookie');
  if (kept.length > 0) request.add('cookie', kept.join('; '));
}

function refuse(callbacks: FilterCallbacks, status: 401 | 403, details: string): FilterStatus {
  callbacks.stats.add(`${callbacks.statPrefix}api_key_auth.${status === 401 ? 'unauthorized' : 'forbidden'}`);
  callbacks.sendLocalReply({
    status,
    body: status === 401 ? 'Client authentication failed.' : 'Client is forbidden.',
    details,
  });
  return 'stop_iteration';
}
