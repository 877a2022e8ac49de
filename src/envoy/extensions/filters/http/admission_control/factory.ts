import { durationMs } from '#api';
import type { Dispatcher } from '#sim';
import type { ConfigNode } from '../../../../config_node.ts';
import { grpcStatusNumber, isGrpc } from '../../../../formatter/grpc_status.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { compileFeatureFlag } from '../../../../runtime/feature_flag.ts';
import { createStats } from '../../../../stats/stat_set.ts';

const DEFAULT_WINDOW_MS = 30_000;
const DEFAULT_AGGRESSION = 1;
const DEFAULT_SUCCESS_THRESHOLD = 95;
const DEFAULT_MAX_REJECTION = 80;
/** gRPC statuses that count as success where nobody names others: evaluators/success_criteria_evaluator.cc. */
const GRPC_SUCCESS = [0, 1, 2, 3, 5, 6, 7, 9, 11, 12, 16];

/** What came of the requests of the window that ends now. */
class SuccessWindow {
  readonly #dispatcher: Dispatcher;
  readonly #lengthMs: number;
  #seen: { readonly atMs: number; readonly isSuccess: boolean }[] = [];

  constructor(dispatcher: Dispatcher, lengthMs: number) {
    this.#dispatcher = dispatcher;
    this.#lengthMs = lengthMs;
  }

  add(isSuccess: boolean): void {
    this.#seen.push({ atMs: this.#dispatcher.nowMs, isSuccess });
  }

  get counts(): { total: number; successes: number; perSecond: number } {
    const sinceMs = this.#dispatcher.nowMs - this.#lengthMs;
    this.#seen = this.#seen.filter((one) => one.atMs > sinceMs);
    const successes = this.#seen.filter((one) => one.isSuccess).length;
    return { total: this.#seen.length, successes, perSecond: (this.#seen.length * 1_000) / this.#lengthMs };
  }
}

const runtimeNumber = (node: ConfigNode | undefined, usual: number): number =>
  node?.number('default_value') ?? node?.child('default_value')?.number('value') ?? usual;

/** Turns requests away in proportion to how many fail: extensions/filters/http/admission_control/admission_control.cc. */
export const admissionControlFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.admission_control',
  type: 'envoy.extensions.filters.http.admission_control.v3.AdmissionControl',
  fidelity: { level: 'partial', notSimulated: [] },
  compile: (node, { stats, statPrefix, dispatcher, random }) => {
    const counters = createStats(stats, `${statPrefix}admission_control.`, {
      counters: ['rq_rejected', 'rq_success', 'rq_failure'],
    });
    const isEnabled = compileFeatureFlag(node.child('enabled'));
    const window = new SuccessWindow(dispatcher, durationMs(node.text('sampling_window')) ?? DEFAULT_WINDOW_MS);
    const threshold = runtimeNumber(node.child('sr_threshold'), DEFAULT_SUCCESS_THRESHOLD) / 100;
    const aggression = Math.max(1, runtimeNumber(node.child('aggression'), DEFAULT_AGGRESSION));
    const leastPerSecond = runtimeNumber(node.child('rps_threshold'), 0);
    const most = runtimeNumber(node.child('max_rejection_probability'), DEFAULT_MAX_REJECTION) / 100;
    const isSuccess = compileSuccess(node.child('success_criteria'));
    const dice = random.fork('admission_control');
    const probability = (): number => {
      const { total, successes, perSecond } = window.counts;
      if (perSecond < leastPerSecond) return 0;
      const raw = Math.max(0, (total - successes / threshold) / (total + 1));
      return Math.min(raw ** (1 / aggression), most);
    };
    return (callbacks) => {
      const isOn = isEnabled(callbacks.runtime);
      let isCounted = isOn;
      return {
        decode: () => {
          const chance = isOn ? probability() : 0;
          if (chance === 0 || dice.below(1_000_000) >= chance * 1_000_000) return 'continue';
          isCounted = false;
          counters.rq_rejected.inc();
          callbacks.trace?.record({
            kind: 'admission_rejected',
            state: 'failed',
            because: node.ref,
            sentence: `Too many requests have failed: one in ${(1 / chance).toFixed(1)} is turned away, and this is one of them.`,
          });
          callbacks.sendLocalReply({ status: 503, details: 'denied_by_admission_control' });
          return 'stop_iteration';
        },
        encode: (response) => {
          if (!isCounted) return response;
          isCounted = false;
          const wentWell = isSuccess(callbacks.request, response.status, response.headers, response.trailers);
          counters[wentWell ? 'rq_success' : 'rq_failure'].inc();
          window.add(wentWell);
          return response;
        },
      };
    };
  },
});

type Success = (request: HeaderMap, status: number, headers: HeaderMap, trailers: HeaderMap | undefined) => boolean;

/** Ranges of statuses, or everything below 500. */
function compileSuccess(criteria: ConfigNode | undefined): Success {
  const ranges = (criteria?.child('http_criteria')?.list('http_success_status') ?? []).map(
    (one) => [one.number('start') ?? 0, one.number('end') ?? 0] as const,
  );
  const listed = criteria?.child('grpc_criteria')?.raw('grpc_success_status');
  const successes: readonly number[] = Array.isArray(listed) && listed.length > 0 ? listed.map(Number) : GRPC_SUCCESS;
  return (request, status, response, trailers) => {
    if (isGrpc(request)) {
      const grpc = grpcStatusNumber({ request, response, ...(trailers && { trailers }), log: { code: status } });
      return successes.includes(grpc ?? 2);
    }
    return ranges.length === 0 ? status < 500 : ranges.some(([start, end]) => status >= start && status < end);
  };
}
