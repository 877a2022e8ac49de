import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { compileHeaderMatcher, type Mismatch } from '../../../../router/route_match.ts';
import type { HttpResponse } from '../../../../seams.ts';

const COUNTERS = [
  'cached_response',
  'degraded',
  'failed',
  'failed_cluster_empty',
  'failed_cluster_not_found',
  'failed_cluster_unhealthy',
  'ok',
  'request_total',
];

export const healthCheckFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.health_check',
  type: 'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, { stats, statPrefix }) => {
    stats.declare(...COUNTERS.map((name) => `${statPrefix}health_check.${name}`));
    const matchers = config.list('headers').map(compileHeaderMatcher);
    const cacheMs = durationMs(config.text('cache_time')) ?? 0;
    const cache: Cache = { status: undefined, untilMs: 0 };
    return (callbacks) => new HealthCheckFilter(config, matchers, { cacheMs, cache }, callbacks);
  },
});

/** What the upstream answered last, for those who ask soon after. */
interface Cache {
  status: number | undefined;
  untilMs: number;
}

/** Answers health checks in place of the upstream: extensions/filters/http/health_check/health_check.cc. */
class HealthCheckFilter implements HttpFilter {
  readonly #config: ConfigNode;
  readonly #matchers: readonly Mismatch[];
  readonly #kept: { readonly cacheMs: number; readonly cache: Cache };
  readonly #callbacks: FilterCallbacks;
  #isHealthCheck = false;
  #isFromCache = false;

  constructor(
    config: ConfigNode,
    matchers: readonly Mismatch[],
    kept: { readonly cacheMs: number; readonly cache: Cache },
    callbacks: FilterCallbacks,
  ) {
    this.#kept = kept;
    this.#config = config;
    this.#matchers = matchers;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    if (!this.#matchers.every((mismatch) => mismatch(this.#callbacks.request, '') === undefined)) return 'continue';
    this.#isHealthCheck = true;
    this.#callbacks.markHealthCheck();
    const isFailing = this.#callbacks.isFailingHealthChecks();
    const passesThrough = this.#config.raw('pass_through_mode') === true;
    if (passesThrough && !isFailing) return this.#answerFromCache();
    const [status, details] = isFailing ? [503, 'health_check_failed'] : this.#judgeClusters();
    this.#answer(status, details);
    return 'stop_iteration';
  }

  #answer(status: number, details: string): void {
    this.#count('request_total');
    this.#count(status === 200 ? 'ok' : 'failed');
    this.#callbacks.trace?.record({
      kind: 'health_check_answered',
      state: status === 200 ? 'matched' : 'failed',
      because: this.#config.ref,
      sentence: `Envoy answers the health check by itself: ${status} (${details}).`,
    });
    this.#callbacks.sendLocalReply({ status, details, ...(status === 200 ? {} : { flag: 'LH' }) });
  }

  #answerFromCache(): FilterStatus {
    const { status, untilMs } = this.#kept.cache;
    if (status === undefined || this.#callbacks.dispatcher.nowMs >= untilMs) return 'continue';
    this.#isFromCache = true;
    this.#count('cached_response');
    this.#answer(status, 'health_check_cached');
    return 'stop_iteration';
  }

  /** Enough hosts of each cluster that is named have to be healthy or degraded. */
  #judgeClusters(): readonly [number, string] {
    const percentages = this.#config.child('cluster_min_healthy_percentages');
    if (!percentages) return [200, 'health_check_ok'];
    const { stats } = this.#callbacks;
    const names = Object.keys(percentages.value);
    if (names.some((name) => !this.#callbacks.hasCluster(name))) {
      this.#count('failed_cluster_not_found');
      return [503, 'health_check_failed_no_cluster_found'];
    }
    const isHealthy = (name: string): boolean => {
      const gauge = (what: string): number => stats.gauge(`cluster.${name}.membership_${what}`).value;
      const wanted = Math.trunc(Number(percentages.child(name)?.raw('value') ?? 0));
      const total = gauge('total');
      return total === 0 ? wanted === 0 : 100 * (gauge('healthy') + gauge('degraded')) >= total * wanted;
    };
    if (names.every(isHealthy)) return [200, 'health_check_ok_cluster_healthy'];
    this.#count('failed_cluster_unhealthy');
    return [503, 'health_check_failed_cluster_unhealthy'];
  }

  encode(response: HttpResponse): HttpResponse {
    if (this.#isHealthCheck && !this.#isFromCache && this.#kept.cacheMs > 0) {
      this.#kept.cache.status = response.status;
      this.#kept.cache.untilMs = this.#callbacks.dispatcher.nowMs + this.#kept.cacheMs;
    }
    if (this.#isHealthCheck)
      response.headers.set('x-envoy-upstream-healthchecked-cluster', this.#callbacks.localCluster);
    if (this.#callbacks.isFailingHealthChecks()) response.headers.set('x-envoy-immediate-health-check-fail', 'true');
    return response;
  }

  #count(name: string): void {
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}health_check.${name}`);
  }
}
