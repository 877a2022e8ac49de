import { durationMs } from '#api';
import type { NetworkFilterFactory } from '../../../../network/filter.ts';
import { compileFeatureFlag } from '../../../../runtime/feature_flag.ts';

/** Closes a connection above `max_connections`, after a while if it is told so: connection_limit.cc. */
export const connectionLimitFactory: NetworkFilterFactory = {
  name: 'envoy.filters.network.connection_limit',
  type: 'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, { stats, trace, dispatcher, runtime }) => {
    const prefix = `connection_limit.${config.text('stat_prefix') ?? ''}`;
    const limit = config.number('max_connections') ?? Infinity;
    const delayMs = durationMs(config.text('delay')) ?? 0;
    const isEnabled = compileFeatureFlag(config.child('runtime_enabled'), true);
    let active = 0;
    stats.declare(`${prefix}.limited_connections`);
    stats.set(`${prefix}.active_connections`, 0);
    const count = (by: number): void => stats.set(`${prefix}.active_connections`, (active += by));
    return (connection) => {
      let [isCounted, isRejected] = [false, false];
      return {
        onNewConnection: () => {
          if (!isEnabled(runtime)) return 'continue';
          isCounted = true;
          count(1);
          isRejected = active > limit;
          trace?.record({
            kind: isRejected ? 'connection_limited' : 'connection_counted',
            state: isRejected ? 'failed' : 'matched',
            because: config.ref,
            sentence: `This is connection ${active} of at most ${limit}${isRejected ? ': it is closed' : ''}.`,
          });
          if (!isRejected) return 'continue';
          stats.add(`${prefix}.limited_connections`);
          count(-1);
          if (delayMs === 0) connection.close();
          else dispatcher.createTimer('connection_limit_delay', delayMs, () => connection.close());
          return 'stop_iteration';
        },
        onData: () => (isRejected ? 'stop_iteration' : 'continue'),
        onClose: () => {
          if (isCounted && !isRejected) count(-1);
        },
      };
    };
  },
};
