import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { JsonObject } from '#api';
import { valueAt } from '../matching/metadata_matcher.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { compileHeaderMatcher } from './route_match.ts';

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** What the actions of a `rate_limits` entry may use. */
export interface RateLimitFacts {
  readonly request: HeaderMap;
  readonly remoteAddress: string;
  readonly localCluster: string;
  readonly cluster: string;
  readonly dynamicMetadata: JsonObject;
  readonly formatterContext: () => FormatterContext;
}

type Action = (node: ConfigNode, facts: RateLimitFacts) => DescriptorEntry | 'skip' | undefined;

const ACTIONS: Readonly<Record<string, Action>> = {
  source_cluster: (_, facts) => ({ key: 'source_cluster', value: facts.localCluster }),
  destination_cluster: (_, facts) => ({ key: 'destination_cluster', value: facts.cluster }),
  remote_address: (_, facts) => ({ key: 'remote_address', value: facts.remoteAddress }),
  generic_key: (node, facts) => ({
    key: node.text('descriptor_key') || 'generic_key',
    value: expand(node.text('descriptor_value') ?? '', facts.formatterContext()),
  }),
  request_headers: (node, { request }) => {
    const value = request.all((node.text('header_name') ?? '').toLowerCase()).join(',');
    if (value !== '') return { key: node.text('descriptor_key') ?? '', value };
    return node.flag('skip_if_absent') ? 'skip' : undefined;
  },
  header_value_match: (node, { request }) => {
    const isMatch = node.list('headers').every((one) => compileHeaderMatcher(one)(request, '') === undefined);
    if (isMatch !== (node.raw('expect_match') !== false)) return undefined;
    return { key: node.text('descriptor_key') || 'header_match', value: node.text('descriptor_value') ?? '' };
  },
  metadata: (node, { dynamicMetadata }) => {
    const key = node.child('metadata_key');
    const now = valueAt(dynamicMetadata, [
      key?.text('key') ?? '',
      ...(key?.list('path') ?? []).map((segment) => segment.text('key') ?? ''),
    ]);
    const value = typeof now === 'string' && now !== '' ? now : node.text('default_value') || undefined;
    if (value !== undefined) return { key: node.text('descriptor_key') ?? '', value };
    return node.flag('skip_if_absent') ? 'skip' : undefined;
  },
  query_parameters: (node, { request }) => {
    const name = node.text('query_parameter_name') ?? '';
    const found = (request.get(':path')?.split('?')[1] ?? '').split('&').find((one) => one.startsWith(`${name}=`));
    if (found !== undefined) return { key: node.text('descriptor_key') ?? '', value: found.slice(name.length + 1) };
    return node.flag('skip_if_absent') ? 'skip' : undefined;
  },
};

/** The descriptor of one `rate_limits` entry; undefined where one of its actions has nothing to say (router_ratelimit.cc). */
export function descriptorOf(rateLimit: ConfigNode, facts: RateLimitFacts): DescriptorEntry[] | undefined {
  const entries: DescriptorEntry[] = [];
  for (const action of rateLimit.list('actions')) {
    const [kind, run] = Object.entries(ACTIONS).find(([name]) => action.has(name)) ?? [];
    const entry = kind === undefined ? undefined : run!(action.child(kind) ?? action, facts);
    if (entry === undefined) return undefined;
    if (entry !== 'skip') entries.push(entry);
  }
  return entries.length === 0 ? undefined : entries;
}
