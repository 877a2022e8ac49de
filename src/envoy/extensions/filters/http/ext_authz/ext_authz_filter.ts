import type { FactoryContext, FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import { addHeader } from '../../../../http/header_map.ts';
import { setQueryParameters } from '../../../../http/query_parameters.ts';
import { expand } from '../../../../formatter/format_text.ts';
import type { Call } from '../../../../http/clients.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { askedOf, checkRequest } from './check_request.ts';
import type { BodySettings, ExtAuthzConfig, ExtAuthzPerRoute } from './config.ts';
import { checkOverGrpc } from './grpc_check.ts';
import { checkOverHttp } from './http_check.ts';
import { keepShadowDecision } from './shadow_decision.ts';
import { isValid } from './valid_mutations.ts';
import type { Verdict } from './verdict.ts';

const NAMESPACE = 'envoy.filters.http.ext_authz';
/** Of a response, unless it is told otherwise. */
const MAX_HEADERS = 100;
const OF_ENVOY = { isInternal: true, isCanary: false, zone: undefined, altName: undefined } as const;

/** Asks a server whether the request may pass: extensions/filters/http/ext_authz/ext_authz.cc. */
export class ExtAuthzFilter implements HttpFilter {
  readonly #config: ExtAuthzConfig;
  readonly #perRoute: ExtAuthzPerRoute | undefined;
  readonly #clients: Pick<FactoryContext, 'httpClient' | 'grpcClient'>;
  readonly #callbacks: FilterCallbacks;
  #call: Call | undefined;
  #verdict: Verdict | undefined;
  #startMs = 0;

  constructor(
    config: ExtAuthzConfig,
    perRoute: ExtAuthzPerRoute | undefined,
    clients: Pick<FactoryContext, 'httpClient' | 'grpcClient'>,
    callbacks: FilterCallbacks,
  ) {
    this.#config = config;
    this.#perRoute = perRoute;
    this.#clients = clients;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { route, requestBody } = this.#callbacks;
    if (!route || this.#perRoute?.isDisabled) return 'continue';
    if (!this.#isEnabled()) return this.#onDisabled();
    const body = this.#bodySettings();
    if (body && requestBody !== '') {
      if (!body.allowsPartial && requestBody.length > body.maxBytes) {
        this.#callbacks.sendPayloadTooLarge();
        return 'stop_iteration';
      }
      this.#callbacks.readBody();
    }
    return this.#check(body);
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    const verdict = this.#verdict;
    if (verdict?.status !== 'ok') return response;
    const { limitsResponseHeaders, counters } = this.#config;
    for (const { name, value, action } of verdict.responseHeaders) {
      // The status is a header too.
      if (!limitsResponseHeaders || response.headers.pairs().length + 1 < MAX_HEADERS) {
        addHeader(response.headers, name, value, action);
        continue;
      }
      counters.response_header_limits_reached.inc();
      this.#verdict = undefined;
      this.#refuse(500, 'ext_authz_invalid');
      return 'stop_iteration';
    }
    return response;
  }

  onDestroy(): void {
    this.#call?.cancel();
  }

  #isEnabled(): boolean {
    const { isEnabled, isEnabledByMetadata } = this.#config;
    return isEnabled(this.#callbacks) && (isEnabledByMetadata?.(this.#callbacks.dynamicMetadata) ?? true);
  }

  #onDisabled(): FilterStatus {
    this.#config.counters.disabled.inc();
    this.#tell('ext_authz_disabled', 'not_reached', 'The check is switched off for this request.');
    if (!this.#config.deniesAtDisable(this.#callbacks.runtime)) return 'continue';
    this.#refuse(this.#config.statusOnError, 'ext_authz_error');
    return 'stop_iteration';
  }

  #bodySettings(): BodySettings | undefined {
    if (this.#perRoute?.skipsBody === true) return undefined;
    return this.#perRoute?.body ?? this.#config.body;
  }

  /** A route may have a service of its own. */
  #service(): Pick<ExtAuthzConfig, 'http' | 'grpc'> {
    const own = this.#perRoute;
    return own?.http || own?.grpc ? own : this.#config;
  }

  #check(body: BodySettings | undefined): FilterStatus {
    const { http, grpc } = this.#service();
    const asked = askedOf(this.#callbacks, this.#config, body);
    let isAsking = true;
    let hasPassed = false;
    this.#startMs = this.#callbacks.dispatcher.nowMs;
    const decided = (verdict: Verdict): void => {
      this.#call = undefined;
      hasPassed = this.#onVerdict(verdict);
      if (hasPassed && !isAsking) this.#callbacks.continueDecoding();
    };
    const fill = (template: string): string => expand(template, this.#callbacks.formatterContext());
    if (http) this.#call = checkOverHttp(http, this.#clients.httpClient, asked, fill, decided);
    else if (grpc) {
      const request = checkRequest(this.#callbacks, this.#config, asked, body);
      this.#call = checkOverGrpc(grpc, this.#clients.grpcClient, request, decided);
    } else return 'continue';
    isAsking = false;
    return this.#call || !hasPassed ? 'stop_iteration' : 'continue';
  }

  /** Whether the request goes on. */
  #onVerdict(verdict: Verdict): boolean {
    this.#verdict = verdict;
    this.#keepMetadata(verdict);
    if (verdict.status === 'ok') return this.#onOk(verdict);
    return verdict.status === 'denied' ? this.#onDenied(verdict) : this.#onError(verdict);
  }

  #keepMetadata({ status, dynamicMetadata }: Verdict): void {
    if (!dynamicMetadata || Object.keys(dynamicMetadata).length === 0) return;
    if (!this.#config.takesMetadata) return this.#config.counters.ignored_dynamic_metadata.inc();
    for (const [key, value] of Object.entries(dynamicMetadata)) this.#callbacks.setMetadata(NAMESPACE, key, value);
    const tookMs = this.#callbacks.dispatcher.nowMs - this.#startMs;
    if (status === 'ok') this.#callbacks.setMetadata(NAMESPACE, 'ext_authz_duration', tookMs);
  }

  #onOk(verdict: Verdict): boolean {
    if (this.#isForbidden(verdict) || this.#isInvalid(verdict)) return this.#onInvalid();
    this.#count('ok');
    this.#change(verdict);
    this.#keepDecision(verdict, 200);
    if (this.#config.clearsRouteCache && changesRoute(verdict, this.#config.routeHeaders))
      this.#callbacks.clearRouteCache();
    this.#tell('ext_authz_ok', 'matched', 'The authorization server allows the request.');
    return true;
  }

  /** What the rules do not allow is left out. */
  #change({ headersToSet, headersToAppend, headersToAdd, headersToRemove, queryToSet, queryToRemove }: Verdict): void {
    const { request } = this.#callbacks;
    const allows = this.#config.rules?.allows ?? (() => true);
    const allowed = (pairs: Verdict['headersToSet']): Verdict['headersToSet'] => pairs.filter(([name]) => allows(name));
    for (const [name, value] of allowed(headersToSet)) request.set(name, value);
    for (const [name, value] of allowed(headersToAppend)) {
      const now = request.get(name);
      if (now !== undefined) request.set(name, `${now},${value}`);
    }
    for (const [name, value] of allowed(headersToAdd)) request.add(name, value);
    for (const name of headersToRemove.filter(allows))
      if (!name.startsWith(':') && name !== 'host') request.remove(name);
    if (queryToSet.length + queryToRemove.length > 0)
      request.set(':path', setQueryParameters(request.get(':path') ?? '', queryToSet, queryToRemove));
  }

  /** With `disallow_is_error` one change that is not allowed spoils the whole answer. */
  #isForbidden({ headersToSet, headersToAppend, headersToAdd, headersToRemove }: Verdict): boolean {
    const { rules } = this.#config;
    if (!rules?.isError) return false;
    const changed = [...headersToSet, ...headersToAppend, ...headersToAdd].map(([name]) => name);
    return [...changed, ...headersToRemove].some((name) => !rules.allows(name));
  }

  #isInvalid(verdict: Verdict): boolean {
    return this.#config.validates && !isValid(verdict);
  }

  #keepDecision(verdict: Verdict, code: number): void {
    if (this.#config.isShadow)
      keepShadowDecision(this.#callbacks.filterState, this.#callbacks.filterName, verdict, code);
  }

  #onInvalid(): boolean {
    this.#verdict = undefined;
    this.#count('invalid');
    this.#tell('ext_authz_invalid', 'failed', 'The answer changes what it may not change: 500.');
    this.#refuse(500, 'ext_authz_invalid');
    return false;
  }

  #onDenied(verdict: Verdict): boolean {
    const code = verdict.code ?? 403;
    this.#count('denied');
    const { chargesCluster, isShadow, counters } = this.#config;
    if (chargesCluster) this.#callbacks.cluster?.stats.charge(code, OF_ENVOY);
    this.#tell('ext_authz_denied', 'failed', `The authorization server denies the request: ${code}.`);
    if (isShadow) {
      counters.shadow_denied.inc();
      this.#keepDecision(verdict, code);
      return true;
    }
    if (this.#isInvalid(verdict)) return this.#onInvalid();
    this.#answer(code, 'ext_authz_denied', verdict);
    return false;
  }

  #onError(verdict: Verdict): boolean {
    const { allowsFailure, tellsFailure, isShadow, counters } = this.#config;
    const status = verdict.code ?? this.#config.statusOnError;
    this.#count('error');
    this.#tell(
      'ext_authz_error',
      'failed',
      `The authorization server gave no verdict: ${allowsFailure ? 'failure_mode_allow lets the request pass' : `${status}`}.`,
    );
    if (isShadow) {
      counters.shadow_error.inc();
      this.#keepDecision(verdict, status);
      return true;
    }
    if (!allowsFailure) {
      this.#answer(status, 'ext_authz_error', verdict);
      return false;
    }
    this.#count('failure_mode_allowed');
    if (tellsFailure) this.#callbacks.request.add('x-envoy-auth-failure-mode-allowed', 'true');
    return true;
  }

  /** What the server has the client told. */
  #answer(status: number, details: string, { body, headersToSet }: Verdict): void {
    this.#callbacks.sendLocalReply({
      status,
      body: body.slice(0, this.#config.maxDeniedBytes),
      details,
      flag: 'UAEX',
      mutateHeaders: (headers) => {
        for (const [name] of headersToSet) headers.remove(name);
        for (const [name, value] of headersToSet) headers.add(name, value);
      },
    });
  }

  #refuse(status: number, details: string): void {
    this.#callbacks.sendLocalReply({ status, details, flag: 'UAEX' });
  }

  #count(name: 'ok' | 'denied' | 'error' | 'failure_mode_allowed' | 'invalid'): void {
    this.#config.counters[name].inc();
    const { cluster, stats } = this.#callbacks;
    if (cluster) stats.add(`cluster.${cluster.statName}.${this.#config.clusterPrefix}${name}`);
  }

  #tell(kind: string, state: 'matched' | 'failed' | 'not_reached', sentence: string): void {
    this.#callbacks.trace?.record({ kind, state, because: this.#config.node.ref, sentence });
  }
}

/** Whether another route could fit now. */
function changesRoute(verdict: Verdict, routeHeaders: ReadonlySet<string>): boolean {
  if (verdict.queryToSet.length + verdict.queryToRemove.length > 0) return true;
  const set = [...verdict.headersToSet, ...verdict.headersToAppend, ...verdict.headersToAdd].map(([name]) => name);
  const changed = [...set, ...verdict.headersToRemove];
  return routeHeaders.size === 0 ? changed.length > 0 : changed.some((name) => routeHeaders.has(name));
}
