import type { ConfigNode } from '../config_node.ts';
import type { Route } from '../router/route.ts';
import type { HttpResponse } from '../seams.ts';
import type { ConnectionManagerStats } from './connection_manager_stats.ts';
import type { HeaderMap } from './header_map.ts';
import type { Stream } from './stream.ts';

interface Owner {
  readonly stats: ConnectionManagerStats['http'];
  readonly pickRoute: (stream: Stream) => void;
}

type Refusal =
  | 'passthrough_internal_redirect_bad_location'
  | 'passthrough_internal_redirect_unsafe_scheme'
  | 'passthrough_internal_redirect_too_many_redirects'
  | 'passthrough_internal_redirect_no_route'
  | 'passthrough_internal_redirect_predicate';

const DEFAULT_CODES = [302];
const SEE_OTHER = 303;
/** What a refused redirect leaves as it was. */
const TARGET_HEADERS = [':scheme', ':authority', ':path', ':method', 'content-length'];
const TARGET = /^(https?):\/\/([^/?#]+)([^#]*)$/;

/**
 * Sends a request where the answer of its upstream points, on the connection manager's own routes; false where the answer
 * goes to the client as it is: router.cc, setupRedirect and convertRequestHeadersForInternalRedirect.
 */
export function followsRedirect(stream: Stream, response: HttpResponse, location: string, owner: Owner): boolean {
  const policy = stream.route?.action?.child('internal_redirect_policy');
  if (!policy || !codesOf(policy).includes(response.status)) return false;
  const traffic = stream.cluster?.stats.traffic;
  const refusal = redirect(stream, policy, response, location, owner);
  if (refusal !== undefined) {
    owner.stats[refusal].inc();
    traffic?.upstream_internal_redirect_failed_total.inc();
    return false;
  }
  traffic?.upstream_internal_redirect_succeeded_total.inc();
  owner.stats.downstream_rq_total.inc();
  owner.stats.rq_total.inc();
  stream.logRequest();
  stream.logRedirect(response.status);
  return true;
}

function codesOf(policy: ConfigNode): readonly number[] {
  const codes = policy.raw('redirect_response_codes');
  return Array.isArray(codes) && codes.length > 0 ? codes.filter((one) => typeof one === 'number') : DEFAULT_CODES;
}

function redirect(
  stream: Stream,
  policy: ConfigNode,
  response: HttpResponse,
  location: string,
  owner: Owner,
): Refusal | undefined {
  const { request } = stream;
  const [, scheme, host, path] = TARGET.exec(location) ?? [];
  if (scheme === undefined || host === undefined) return 'passthrough_internal_redirect_bad_location';
  const from = [':scheme', ':authority', ':path'].map((name) => request.get(name)!);
  if (scheme !== from[0] && !policy.flag('allow_cross_scheme_redirect'))
    return 'passthrough_internal_redirect_unsafe_scheme';
  if (stream.redirects >= (policy.number('max_internal_redirects') ?? 1))
    return 'passthrough_internal_redirect_too_many_redirects';
  stream.redirects++;
  const restore = changeRequest(stream, policy, response);
  request.set(':scheme', scheme);
  request.set(':authority', host);
  request.set(':path', path || '/');
  const route = stream.route!;
  owner.pickRoute(stream);
  const refusal = refusalOf(stream, route, policy, from[0] === 'https' || scheme !== 'https');
  if (refusal !== undefined) {
    restore();
    stream.route = route;
    stream.logRequest();
    return refusal;
  }
  if (stream.requestBody !== '') stream.resends++;
  request.set('x-envoy-original-url', `${from[0]}://${from[1]}${from[2]}`);
  return undefined;
}

/** Brings along what is to be copied, and asks for what a 303 points at; what comes back undoes all of it. */
function changeRequest(stream: Stream, policy: ConfigNode, response: HttpResponse): () => void {
  const { request, requestBody } = stream;
  const copied = policy.texts('response_headers_to_copy').map((name) => name.toLowerCase());
  const saved = [...TARGET_HEADERS, ...copied].map((name) => [name, request.all(name)] as const);
  for (const name of copied) replace(request, name, response.headers.all(name));
  if (response.status === SEE_OTHER) ask(stream);
  return () => {
    for (const [name, values] of saved) replace(request, name, values);
    stream.requestBody = requestBody;
  };
}

function refusalOf(stream: Stream, from: Route, policy: ConfigNode, isSafe: boolean): Refusal | undefined {
  if (!stream.route) return 'passthrough_internal_redirect_no_route';
  return accepts(stream, from, policy, isSafe) ? undefined : 'passthrough_internal_redirect_predicate';
}

function replace(headers: HeaderMap, name: string, values: readonly string[]): void {
  headers.remove(name);
  for (const value of values) headers.add(name, value);
}

/** The answer to a 303 is asked for, whatever the request did. */
function ask(stream: Stream): void {
  const { request } = stream;
  if (request.get(':method') === 'GET' || request.get(':method') === 'HEAD') return;
  request.set(':method', 'GET');
  request.remove('content-length');
  stream.requestBody = '';
}

/** `predicates`: where a route may lead its requests (extensions/internal_redirect). */
function accepts(stream: Stream, from: Route, policy: ConfigNode, isSafe: boolean): boolean {
  const to = stream.route!.name;
  return policy.list('predicates').every((one) => {
    const config = one.child('typed_config');
    switch (config?.text('@type')?.split('.').at(-1)) {
      case 'AllowListedRoutesConfig':
        return config.texts('allowed_route_names').includes(to);
      case 'PreviousRoutesConfig':
        return stream.entersRoute(from.name, to);
      case 'SafeCrossSchemeConfig':
        return isSafe;
      default:
        return true;
    }
  });
}
