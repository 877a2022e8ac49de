import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type HttpFilter } from '../../../../http/filter.ts';
import { compileFeatureFlag } from '../../../../runtime/feature_flag.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import type { StatsStore } from '../../../../stats/store.ts';

const COUNTERS = [
  'request_enabled',
  'request_enforced',
  'request_incoming_total_size',
  'request_allowed_total_size',
  'response_enabled',
  'response_enforced',
  'response_incoming_total_size',
  'response_allowed_total_size',
] as const;
const KIB = 1_024;

interface BandwidthConfig {
  readonly node: ConfigNode;
  readonly isEnabled: (runtime: Runtime) => boolean;
  readonly limitsRequests: boolean;
  readonly limitsResponses: boolean;
  readonly bytesPerSecond: number;
  readonly stats: ReturnType<typeof statsOf>;
}

const statsOf = (stats: StatsStore, node: ConfigNode) =>
  createStats(stats, `${node.text('stat_prefix') ?? ''}.http_bandwidth_limit.`, { counters: COUNTERS });

function compile(node: ConfigNode, stats: StatsStore): BandwidthConfig {
  const mode = node.text('enable_mode') ?? 'DISABLED';
  const isEnabled = compileFeatureFlag(node.child('runtime_enabled'));
  return {
    node,
    isEnabled,
    limitsRequests: mode.startsWith('REQUEST'),
    limitsResponses: mode.endsWith('RESPONSE'),
    bytesPerSecond: (node.number('limit_kbps') ?? Infinity) * KIB,
    stats: statsOf(stats, node),
  };
}

/** Lets bodies pass no faster than so many bytes a second: extensions/filters/http/bandwidth_limit/bandwidth_limit.cc. */
export const bandwidthLimitFilterFactory = defineHttpFilter<BandwidthConfig>({
  name: 'envoy.filters.http.bandwidth_limit',
  type: 'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit',
  fidelity: {
    level: 'partial',
    notSimulated: ['fill_interval', 'enable_response_trailers', 'response_trailer_prefix'],
  },
  compile: (node, { stats }) => {
    const own = compile(node, stats);
    return (callbacks, perRoute) => new BandwidthLimitFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: (node, { stats }) => compile(node, stats),
});

class BandwidthLimitFilter implements HttpFilter {
  readonly #config: BandwidthConfig;
  readonly #callbacks: FilterCallbacks;

  constructor(config: BandwidthConfig, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#callbacks = callbacks;
  }

  decode(): 'continue' | 'stop_iteration' {
    const { limitsRequests, stats } = this.#config;
    const { length } = this.#callbacks.requestBody;
    if (!limitsRequests || length === 0 || !this.#isEnabled) return 'continue';
    stats.request_enabled.inc();
    stats.request_incoming_total_size.add(length);
    const ms = this.#delayMs(length);
    stats.request_allowed_total_size.add(length);
    if (ms === 0) return 'continue';
    stats.request_enforced.inc();
    this.#tell('request', length, ms);
    this.#callbacks.dispatcher.createTimer('bandwidth_limit', ms, () => this.#callbacks.continueDecoding());
    return 'stop_iteration';
  }

  encode(response: Parameters<NonNullable<HttpFilter['encode']>>[0]): ReturnType<NonNullable<HttpFilter['encode']>> {
    const { limitsResponses, stats } = this.#config;
    const { length } = response.body;
    if (!limitsResponses || length === 0 || !this.#isEnabled) return response;
    stats.response_enabled.inc();
    stats.response_incoming_total_size.add(length);
    const ms = this.#delayMs(length);
    stats.response_allowed_total_size.add(length);
    if (ms === 0) return response;
    stats.response_enforced.inc();
    this.#tell('response', length, ms);
    this.#callbacks.dispatcher.createTimer('bandwidth_limit', ms, () => this.#callbacks.continueEncoding(response));
    return 'stop_iteration';
  }

  get #isEnabled(): boolean {
    return this.#config.isEnabled(this.#callbacks.runtime);
  }

  /** The bucket is full at first: a second's worth passes at once. */
  #delayMs(length: number): number {
    const { bytesPerSecond } = this.#config;
    return length <= bytesPerSecond ? 0 : Math.ceil(((length - bytesPerSecond) * 1_000) / bytesPerSecond);
  }

  #tell(what: string, length: number, ms: number): void {
    this.#callbacks.trace?.record({
      kind: 'bandwidth_limited',
      state: 'info',
      because: this.#config.node.ref,
      sentence: `The ${what} of ${length} bytes takes ${ms} ms at ${this.#config.bytesPerSecond} bytes a second.`,
    });
  }
}
