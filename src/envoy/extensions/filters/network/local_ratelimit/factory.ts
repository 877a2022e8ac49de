import { TokenBucket } from '../../../../matching/token_bucket.ts';
import type { NetworkFilterFactory } from '../../../../network/filter.ts';
import { compileFeatureFlag } from '../../../../runtime/feature_flag.ts';

/** A token for each connection, or it is closed: extensions/filters/network/local_ratelimit/local_ratelimit.cc. */
export const networkLocalRateLimitFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.local_ratelimit',
  type: 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
  fidelity: { level: 'partial', notSimulated: ['share_key'] },
  compile: (config, { stats, trace, dispatcher, runtime }) => {
    const counter = `local_rate_limit.${config.text('stat_prefix') ?? ''}.rate_limited`;
    const node = config.child('token_bucket');
    const bucket = node && new TokenBucket(node, dispatcher.nowMs);
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
