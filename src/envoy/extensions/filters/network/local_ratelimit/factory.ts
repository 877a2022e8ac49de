import type { ConfigNode } from '../../../../config_node.ts';
import { TokenBucket } from '../../../../matching/token_bucket.ts';
import type { NetworkFilterFactory } from '../../../../network/filter.ts';
import { compileFeatureFlag } from '../../../../runtime/feature_flag.ts';

/** Of each proxy, the buckets that filters share. */
const SHARED = new WeakMap<object, Map<string, TokenBucket | undefined>>();

/** Filters with the same `share_key` and the same bucket take from one: SharedRateLimitSingleton. */
function shared(config: ConfigNode, proxy: object, make: () => TokenBucket | undefined): TokenBucket | undefined {
  const key = config.text('share_key') ?? '';
  if (key === '') return make();
  const buckets = SHARED.get(proxy) ?? new Map<string, TokenBucket | undefined>();
  SHARED.set(proxy, buckets);
  const name = `${key} ${JSON.stringify(config.child('token_bucket')?.value)}`;
  if (!buckets.has(name)) buckets.set(name, make());
  return buckets.get(name);
}

/** A token for each connection, or it is closed: extensions/filters/network/local_ratelimit/local_ratelimit.cc. */
export const networkLocalRateLimitFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.local_ratelimit',
  type: 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, { stats, trace, dispatcher, runtime, clusters }) => {
    const counter = `local_rate_limit.${config.text('stat_prefix') ?? ''}.rate_limited`;
    const node = config.child('token_bucket');
    const make = (): TokenBucket | undefined => node && new TokenBucket(node, dispatcher.nowMs);
    const bucket = shared(config, clusters, make);
    const isEnabled = compileFeatureFlag(config.child('runtime_enabled'), true);
    stats.declare(counter);
    return (connection) => ({
      onNewConnection: () => {
        if (!bucket || !isEnabled(runtime)) return 'continue';
        const isOk = bucket.take(dispatcher.nowMs);
        trace?.record({
          kind: 'token_taken',
          state: isOk ? 'matched' : 'failed',
          because: config.ref,
          sentence: isOk
            ? `A token is there for the connection: ${bucket.remaining} of ${bucket.max} are left.`
            : `The bucket of ${bucket.max} connections is empty: the connection is closed.`,
        });
        if (isOk) return 'continue';
        stats.add(counter);
        connection.addFlag('URX');
        connection.close();
        return 'stop_iteration';
      },
    });
  },
};
