import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { substituted } from '../matching/substitution.ts';
import { xxHash64 } from './xx_hash64.ts';

const MASK = (1n << 64n) - 1n;

/** The hash of a request by a route's `hash_policy`, in order; undefined where none has a value (hash_policy.cc). */
export function hashOf(policies: readonly ConfigNode[], request: HeaderMap, remoteAddress: string): bigint | undefined {
  let hash: bigint | undefined;
  for (const policy of policies) {
    const next = hashBy(policy, request, remoteAddress);
    if (next !== undefined) hash = hash === undefined ? next : (((hash << 1n) | (hash >> 63n)) & MASK) ^ next;
    if (policy.flag('terminal') && hash !== undefined) break;
  }
  return hash;
}

function hashBy(policy: ConfigNode, request: HeaderMap, remoteAddress: string): bigint | undefined {
  const header = policy.child('header');
  if (header) {
    const rewrite = header.child('regex_rewrite');
    const all = request.all((header.text('header_name') ?? '').toLowerCase());
    const values = (rewrite ? all.map((one) => substituted(rewrite, one)) : all).sort();
    return values.length === 0 ? undefined : values.reduce((seed, value) => xxHash64(value, seed), 0n);
  }
  const cookie = policy.child('cookie')?.text('name');
  if (cookie !== undefined) return hashOfText(cookieOf(request, cookie));
  const parameter = policy.child('query_parameter')?.text('name');
  if (parameter !== undefined) return hashOfText(queryOf(request.get(':path') ?? '', parameter));
  return policy.child('connection_properties')?.flag('source_ip') ? xxHash64(remoteAddress) : undefined;
}

const hashOfText = (text: string | undefined): bigint | undefined => (text === undefined ? undefined : xxHash64(text));

function cookieOf(request: HeaderMap, name: string): string | undefined {
  const cookies = request.all('cookie').flatMap((header) => header.split(/;\s*/));
  return cookies.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

function queryOf(path: string, name: string): string | undefined {
  const parameters = (path.split('?')[1] ?? '').split('&');
  return parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}
