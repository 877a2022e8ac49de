import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { valueAt } from '../matching/metadata_matcher.ts';
import { rateLimitOf, type DescriptorEntry, type RateLimitFacts } from './rate_limit_actions.ts';

export interface Descriptor {
  readonly entries: readonly DescriptorEntry[];
  readonly hitsAddend: number | undefined;
  /** A limit that dynamic metadata gives in place of the service's own. */
  readonly limit: { readonly requestsPerUnit: number; readonly unit: string } | undefined;
  readonly node: ConfigNode;
}

/** Which of the `rate_limits` count: those of a filter itself, of the route, of its virtual host. */
export interface RateLimitScope {
  readonly own: readonly ConfigNode[];
  readonly stage: number;
  readonly virtualHost: 'OVERRIDE' | 'INCLUDE' | 'IGNORE';
}

export interface RateLimitLevels {
  readonly route: ConfigNode | undefined;
  readonly virtualHost: ConfigNode | undefined;
}

/** The descriptors of a request, in the order of the rate limits: ratelimit.cc, populateRateLimitDescriptors. */
export function descriptorsOf(scope: RateLimitScope, levels: RateLimitLevels, facts: RateLimitFacts): Descriptor[] {
  return limitsOf(scope, levels).flatMap((node) => {
    const limit = rateLimitOf(node);
    if (limit.stage !== scope.stage) return [];
    const entries = limit.entriesOf(facts);
    if (!entries) return [];
    return [{ entries, hitsAddend: limit.hitsAddend?.(facts), limit: overrideOf(node, facts.dynamicMetadata), node }];
  });
}

function limitsOf({ own, virtualHost }: RateLimitScope, levels: RateLimitLevels): readonly ConfigNode[] {
  if (own.length > 0) return own;
  const route = levels.route?.list('rate_limits') ?? [];
  const host = levels.virtualHost?.list('rate_limits') ?? [];
  if (virtualHost === 'INCLUDE' || levels.route?.flag('include_vh_rate_limits') === true) return [...route, ...host];
  return virtualHost === 'IGNORE' || route.length > 0 ? route : host;
}

function overrideOf(node: ConfigNode, metadata: JsonObject): Descriptor['limit'] {
  const key = node.child('limit')?.child('dynamic_metadata')?.child('metadata_key');
  if (!key) return undefined;
  const path = [key.text('key') ?? '', ...key.list('path').map((segment) => segment.text('key') ?? '')];
  const found = valueAt(metadata, path);
  if (!isObject(found)) return undefined;
  const { requests_per_unit: requests, unit } = found;
  return typeof requests === 'number' && typeof unit === 'string' ? { requestsPerUnit: requests, unit } : undefined;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
