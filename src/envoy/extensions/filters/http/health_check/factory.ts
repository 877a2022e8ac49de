import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { compileHeaderMatcher, type Mismatch } from '../../../../router/route_match.ts';
import type { HttpResponse } from '../../../../seams.ts';

export const healthCheckFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.health_check',
  type: 'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  fidelity: { level: 'partial', notSimulated: ['cache_time', 'cluster_min_healthy_percentages'] },
  compile: (config) => {
    const matchers = config.list('headers').map(compileHeaderMatcher);
    return (callbacks) => new HealthCheckFilter(config, matchers, callbacks);
  },
});

/** Answers health checks in place of the upstream: extensions/filters/http/health_check/health_check.cc. */
class HealthCheckFilter implements HttpFilter {
  readonly #config: ConfigNode;
  readonly #matchers: readonly Mismatch[];
  readonly #callbacks: FilterCallbacks;
  #isHealthCheck = false;

  constructor(config: ConfigNode, matchers: readonly Mismatch[], callbacks: FilterCallbacks) {
    this.#config = config;
    this.#matchers = matchers;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    if (!this.#matchers.every((mismatch) => mismatch(this.#callbacks.request, '') === undefined)) return 'continue';
    this.#isHealthCheck = true;
    this.#callbacks.markHealthCheck();
    this.#count('request_total');
    const isFailing = this.#callbacks.isFailingHealthChecks();
    if (this.#config.raw('pass_through_mode') === true && !isFailing) return 'continue';
    this.#count(isFailing ? 'failed' : 'ok');
    this.#callbacks.sendLocalReply(
      isFailing
        ? { status: 503, details: 'health_check_failed', flag: 'LH' }
        : { status: 200, details: 'health_check_ok' },
    );
    return 'stop_iteration';
  }

  encode(response: HttpResponse): HttpResponse {
    if (this.#isHealthCheck)
      response.headers.set('x-envoy-upstream-healthchecked-cluster', this.#callbacks.localCluster);
    if (this.#callbacks.isFailingHealthChecks()) response.headers.set('x-envoy-immediate-health-check-fail', 'true');
    return response;
  }

  #count(name: string): void {
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}health_check.${name}`);
  }
}
