import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { valueAt } from '../matching/metadata_matcher.ts';
import { rateLimitOf, type DescriptorEntry, type RateLimitFacts } from './rate_limit_actions.ts';

export interface Descriptor {
  readonly entries: readonly DescriptorEntry[];
  readonly hitsAddend: number | undefined;
  readonly isNegative: boolean;
  /** Whether the client is told of it: undefined where the filter decides. */
  readonly isTold: boolean | undefined;
  /** A limit that dynamic metadata gives in place of the service's own. */
  readonly limit: { readonly requestsPerUnit: number; readonly unit: string } | undefined;
  readonly node: ConfigNode;
}

/** Which of the `rate_limits` count: those of a filter itself, of the route, of its virtual host. */
export interface RateLimitScope {
  readonly own: readonly ConfigNode[];
  readonly stage: number;
  readonly virtualHost: 'OVERRIDE' | 'INCLUDE' | 'IGNORE';
  /** Only those that are counted when the stream is over, or only the others; both where it is not said. */
  readonly onStreamDone?: boolean;
  /** Whether the runtime switches off the rate limits with that `disable_key`. */
  readonly isOff?: (disableKey: string) => boolean;
}

export interface RateLimitLevels {
  readonly route: ConfigNode | undefined;
  readonly virtualHost: ConfigNode | undefined;
}

/** `RateLimit.x_ratelimit_option`. */
const TOLD: Readonly<Record<string, boolean>> = { OFF: false, DRAFT_VERSION_03: true };

/** The descriptors of a request, in the order of the rate limits: ratelimit.cc, populateRateLimitDescriptors. */
export function descriptorsOf(scope: RateLimitScope, levels: RateLimitLevels, facts: RateLimitFacts): Descriptor[] {
  return limitsOf(scope, levels).flatMap((node) => {
    const limit = rateLimitOf(node);
    if (limit.stage !== scope.stage || isLeftOut(node, scope)) return [];
    const entries = limit.entriesOf(facts);
    if (!entries) return [];
    // Those of a route or virtual host are read by other code, which knows no addend (router_ratelimit.cc).
    const hitsAddend = scope.own.length > 0 ? limit.hitsAddend?.(facts) : undefined;
    const isNegative = hitsAddend !== undefined && node.child('hits_addend')?.flag('is_negative_hits') === true;
    return [
      {
        entries,
        hitsAddend,
        isNegative,
        isTold: TOLD[node.text('x_ratelimit_option') ?? ''],
        limit: overrideOf(node, facts.dynamicMetadata),
        node,
      },
    ];
  });
}

function isLeftOut(node: ConfigNode, { onStreamDone, isOff }: RateLimitScope): boolean {
  if (onStreamDone !== undefined && node.flag('apply_on_stream_done') !== onStreamDone) return true;
  const key = isOff && node.text('disable_key');
  return key !== undefined && key !== '' && isOff!(key);
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
