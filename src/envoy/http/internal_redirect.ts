import type { ConfigNode } from '../config_node.ts';
import type { ConnectionManagerStats } from './connection_manager_stats.ts';
import type { Stream } from './stream.ts';

interface Owner {
  readonly stats: ConnectionManagerStats['http'];
  readonly pickRoute: (stream: Stream) => void;
}

type Refusal =
  | 'passthrough_internal_redirect_bad_location'
  | 'passthrough_internal_redirect_unsafe_scheme'
  | 'passthrough_internal_redirect_too_many_redirects'
  | 'passthrough_internal_redirect_no_route';

const DEFAULT_CODES = [302];
const TARGET = /^(https?):\/\/([^/?#]+)([^#]*)$/;

/**
 * Sends a request where the answer of its upstream points, on the connection manager's own routes; false where the answer
 * goes to the client as it is: router.cc, setupRedirect and convertRequestHeadersForInternalRedirect.
 */
export function followsRedirect(
  stream: Stream,
  { location, status }: { location: string; status: number },
  owner: Owner,
): boolean {
  const policy = stream.route?.action?.child('internal_redirect_policy');
  if (!policy || !codesOf(policy).includes(status)) return false;
  const traffic = stream.cluster?.stats.traffic;
  const refusal = redirect(stream, policy, location, owner);
  if (refusal !== undefined) {
    owner.stats[refusal].inc();
    traffic?.upstream_internal_redirect_failed_total.inc();
    return false;
  }
  traffic?.upstream_internal_redirect_succeeded_total.inc();
  owner.stats.downstream_rq_total.inc();
  owner.stats.rq_total.inc();
  stream.logRequest();
  stream.logRedirect(status);
  return true;
}

function codesOf(policy: ConfigNode): readonly number[] {
  const codes = policy.raw('redirect_response_codes');
  return Array.isArray(codes) && codes.length > 0 ? codes.filter((one) => typeof one === 'number') : DEFAULT_CODES;
}

function redirect(stream: Stream, policy: ConfigNode, location: string, owner: Owner): Refusal | undefined {
  const { request } = stream;
  const [, scheme, host, path] = TARGET.exec(location) ?? [];
  if (scheme === undefined || host === undefined) return 'passthrough_internal_redirect_bad_location';
  const before = request.get(':scheme')!;
  if (scheme !== before && !policy.flag('allow_cross_scheme_redirect'))
    return 'passthrough_internal_redirect_unsafe_scheme';
  if (stream.redirects >= (policy.number('max_internal_redirects') ?? 1))
    return 'passthrough_internal_redirect_too_many_redirects';
  const from = [':scheme', ':authority', ':path'].map((name) => [name, request.get(name)!] as const);
  const route = stream.route;
  request.set(':scheme', scheme);
  request.set(':authority', host);
  request.set(':path', path === undefined || path === '' ? '/' : path);
  owner.pickRoute(stream);
  if (!stream.route) {
    for (const [name, value] of from) request.set(name, value);
    stream.route = route;
    stream.logRequest();
    return 'passthrough_internal_redirect_no_route';
  }
  stream.redirects++;
  request.set('x-envoy-original-url', `${from[0]![1]}://${from[1]![1]}${from[2]![1]}`);
  return undefined;
}
