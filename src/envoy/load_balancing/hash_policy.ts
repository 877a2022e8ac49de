import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { cookieValue, setCookieValue } from '../http/cookies.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { substituted } from '../matching/substitution.ts';
import type { Connection } from '../seams.ts';
import { xxHash64 } from './xx_hash64.ts';
import type { FilterState } from '../stream_info/filter_state.ts';

const MASK = (1n << 64n) - 1n;

type Addresses = Pick<Connection, 'remoteAddress' | 'localAddress'>;

/** What a hash may be made of. */
export interface HashFacts {
  readonly request: HeaderMap;
  readonly connection: Addresses;
  readonly clientIp: string;
  readonly filterState: FilterState;
}

/** The hash of a request by a route's `hash_policy`, in order; undefined where none has a value (hash_policy.cc). */
export function hashOf(policies: readonly ConfigNode[], facts: HashFacts): bigint | undefined {
  let hash: bigint | undefined;
  for (const policy of policies) {
    const next = hashBy(policy, facts);
    if (next !== undefined) hash = hash === undefined ? next : (((hash << 1n) | (hash >> 63n)) & MASK) ^ next;
    if (policy.flag('terminal') && hash !== undefined) break;
  }
  return hash;
}

function hashBy(policy: ConfigNode, facts: HashFacts): bigint | undefined {
  const { request, clientIp, filterState } = facts;
  const header = policy.child('header');
  if (header) {
    const rewrite = header.child('regex_rewrite');
    const all = request.all((header.text('header_name') ?? '').toLowerCase());
    const values = (rewrite ? all.map((one) => substituted(rewrite, one)) : all).sort();
    return values.length === 0 ? undefined : values.reduce((seed, value) => xxHash64(value, seed), 0n);
  }
  const cookie = policy.child('cookie');
  if (cookie) return cookieHash(cookie, facts);
  const parameter = policy.child('query_parameter')?.text('name');
  if (parameter !== undefined) return hashOfText(queryOf(request.get(':path') ?? '', parameter));
  const key = policy.child('filter_state')?.text('key');
  if (key !== undefined) return filterState.isHashable(key) ? hashOfText(filterState.get(key)) : undefined;
  return policy.child('connection_properties')?.flag('source_ip') ? xxHash64(clientIp) : undefined;
}

const hashOfText = (text: string | undefined): bigint | undefined => (text === undefined ? undefined : xxHash64(text));

/** A client without the cookie is given one, where the policy says for how long: by it the same host is found again. */
function cookieHash(cookie: ConfigNode, { request, connection }: HashFacts): bigint | undefined {
  const value = cookieValue(request, cookie.text('name') ?? '') || (cookie.has('ttl') ? newCookie(connection) : '');
  return value === '' ? undefined : xxHash64(value);
}

/** The same for all requests of a connection, which may race on one path: router.cc, addDownstreamSetCookie. */
const newCookie = ({ remoteAddress, localAddress }: Addresses): string =>
  xxHash64(remoteAddress + localAddress)
    .toString(16)
    .padStart(16, '0');

/** The cookies that the policies give to a client which has none yet, as `set-cookie` says them. */
export function newCookies(policies: readonly ConfigNode[], { request, connection }: HashFacts): string[] {
  return policies.flatMap((policy) => {
    const cookie = policy.child('cookie');
    const name = cookie?.text('name') ?? '';
    if (!cookie?.has('ttl') || cookieValue(request, name)) return [];
    const attributes = cookie
      .list('attributes')
      .map((one) => [one.text('name') ?? '', one.text('value') ?? ''].filter((part) => part !== '').join('='));
    const maxAgeS = Math.floor((durationMs(cookie.text('ttl')) ?? 0) / 1000);
    const value = newCookie(connection);
    return [setCookieValue({ name, value, path: cookie.text('path') ?? '', maxAgeS, attributes })];
  });
}

function queryOf(path: string, name: string): string | undefined {
  const parameters = (path.split('?')[1] ?? '').split('&');
  return parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}
