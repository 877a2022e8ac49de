import type { ConfigNode } from '../../../../config_node.ts';
import { TokenBucket } from '../../../../matching/token_bucket.ts';
import type { Descriptor } from '../../../../router/rate_limit_descriptors.ts';

type Entries = Descriptor['entries'];

/** A bucket for each value that comes, of those descriptors that leave a value open. */
interface Wildcard {
  readonly node: ConfigNode;
  readonly buckets: Map<string, TokenBucket>;
}

interface Matched {
  readonly bucket: TokenBucket;
  readonly hits: number;
  readonly isTold: boolean | undefined;
  readonly node: ConfigNode;
}

/** What the buckets said: the one that the answer speaks of is the refusing one, or else the tightest. */
export interface Verdict {
  readonly isAllowed: boolean;
  /** A refusal that only counts: `shadow_mode` of a descriptor. */
  readonly isShadow?: boolean;
  readonly bucket: TokenBucket | undefined;
  /** Whether the client is told of that bucket; undefined where the filter decides. */
  readonly isTold?: boolean | undefined;
  readonly because: ConfigNode;
}

const MAX_DYNAMIC = 20;

/** The common bucket and those of descriptors: filters/common/local_ratelimit/local_ratelimit_impl.cc. */
export class Buckets {
  readonly #node: ConfigNode;
  readonly #common: TokenBucket | undefined;
  readonly #exact = new Map<string, { readonly bucket: TokenBucket; readonly node: ConfigNode }>();
  readonly #wildcards: Wildcard[] = [];
  readonly #alwaysTakesCommon: boolean;
  readonly #maxDynamic: number;
  /** Among how many the tokens are shared: each takes as many for one. */
  readonly #peers: () => number;

  constructor(node: ConfigNode, nowMs: number, peers: () => number = () => 1) {
    this.#node = node;
    this.#peers = node.child('local_cluster_rate_limit') ? peers : () => 1;
    const common = node.child('token_bucket');
    this.#common = common && new TokenBucket(common, nowMs);
    this.#alwaysTakesCommon = node.raw('always_consume_default_token_bucket') !== false;
    this.#maxDynamic = node.number('max_dynamic_descriptors') || MAX_DYNAMIC;
    for (const descriptor of node.list('descriptors')) {
      const entries = descriptor.list('entries').map((entry) => ({
        key: entry.text('key') ?? '',
        value: entry.text('value') ?? '',
      }));
      const bucket = descriptor.child('token_bucket');
      if (entries.some(({ value }) => value === '')) this.#wildcards.push({ node: descriptor, buckets: new Map() });
      else if (bucket) this.#exact.set(keyOf(entries), { bucket: new TokenBucket(bucket, nowMs), node: descriptor });
    }
  }

  /** Every matched bucket has to have its tokens, the slowest first; then the common one. */
  take(descriptors: readonly Descriptor[], nowMs: number): Verdict {
    const matched = descriptors.flatMap((one) => this.#matched(one, nowMs));
    matched.sort((a, b) => a.bucket.fillRate - b.bucket.fillRate);
    const refused = refusalOf(matched, nowMs);
    if (refused && refused.isShadow !== true) return refused;
    const [tightest] = matched;
    const allowed = refused ?? {
      isAllowed: true,
      bucket: tightest?.bucket ?? this.#common,
      because: tightest?.node ?? this.#node,
      isTold: tightest?.isTold,
    };
    if (!this.#common || (tightest && !this.#alwaysTakesCommon)) return allowed;
    return this.#common.take(nowMs, this.#share)
      ? allowed
      : { isAllowed: false, bucket: this.#common, because: this.#node };
  }

  get #share(): number {
    return Math.max(1, this.#peers());
  }

  #matched({ entries, hitsAddend, isTold }: Descriptor, nowMs: number): Matched[] {
    const hits = (hitsAddend ?? 1) * this.#share;
    const exact = this.#exact.get(keyOf(entries));
    if (exact) return [{ ...exact, hits, isTold }];
    const wildcard = this.#wildcards.find(({ node }) => fits(node.list('entries'), entries));
    const config = wildcard?.node.child('token_bucket');
    if (!wildcard || !config) return [];
    return [{ bucket: this.#dynamic(wildcard, keyOf(entries), config, nowMs), hits, node: wildcard.node, isTold }];
  }

  /** Only so many values are remembered: the one that was not asked for the longest time makes room. */
  #dynamic({ buckets }: Wildcard, key: string, config: ConfigNode, nowMs: number): TokenBucket {
    const bucket = buckets.get(key) ?? new TokenBucket(config, nowMs);
    buckets.delete(key);
    buckets.set(key, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > this.#maxDynamic && oldest !== undefined) buckets.delete(oldest);
    return bucket;
  }
}

/** The first refusal that is meant, or else the first that only counts. */
function refusalOf(matched: readonly Matched[], nowMs: number): Verdict | undefined {
  let shadow: Verdict | undefined;
  for (const { bucket, hits, node, isTold } of matched) {
    // No hits are no tokens, which is as good as none left.
    if (hits > 0 && bucket.take(nowMs, hits)) continue;
    const refused = { isAllowed: false, bucket, because: node, isTold };
    if (!node.flag('shadow_mode')) return refused;
    shadow ??= { ...refused, isShadow: true };
  }
  return shadow;
}

const keyOf = (entries: Entries): string => JSON.stringify(entries.map(({ key, value }) => [key, value]));

/** Key by key; a value that is left open fits any. */
function fits(configured: readonly ConfigNode[], entries: Entries): boolean {
  return (
    configured.length === entries.length &&
    configured.every((one, i) => {
      const { key, value } = entries[i]!;
      const expected = one.text('value') ?? '';
      return (one.text('key') ?? '') === key && (expected === '' || expected === value);
    })
  );
}
