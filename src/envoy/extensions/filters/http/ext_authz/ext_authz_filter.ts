import type { FactoryContext, FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import { addHeader, nameOf } from '../../../../http/header_map.ts';
import { setQueryParameters } from '../../../../http/query_parameters.ts';
import { expand } from '../../../../formatter/format_text.ts';
import type { Call } from '../../../../http/clients.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { askedOf, checkRequest } from './check_request.ts';
import type { BodySettings, ExtAuthzConfig, ExtAuthzPerRoute } from './config.ts';
import { checkOverGrpc } from './grpc_check.ts';
import { checkOverHttp } from './http_check.ts';
import type { Verdict } from './verdict.ts';

const NAMESPACE = 'envoy.filters.http.ext_authz';
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

  encode(response: HttpResponse): HttpResponse {
    if (this.#verdict?.status === 'ok')
      for (const { name, value, action } of this.#verdict.responseHeaders)
        addHeader(response.headers, name, value, action);
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
    return verdict.status === 'denied' ? this.#onDenied(verdict) : this.#onError();
  }

  #keepMetadata({ status, dynamicMetadata }: Verdict): void {
    if (!dynamicMetadata || Object.keys(dynamicMetadata).length === 0) return;
    if (!this.#config.takesMetadata) return this.#config.counters.ignored_dynamic_metadata.inc();
    for (const [key, value] of Object.entries(dynamicMetadata)) this.#callbacks.setMetadata(NAMESPACE, key, value);
    const tookMs = this.#callbacks.dispatcher.nowMs - this.#startMs;
    if (status === 'ok') this.#callbacks.setMetadata(NAMESPACE, 'ext_authz_duration', tookMs);
  }

  #onOk(verdict: Verdict): boolean {
    if (this.#isForbidden(verdict)) return this.#onInvalid();
    this.#count('ok');
    this.#change(verdict);
    if (this.#config.clearsRouteCache && changesRequest(verdict)) this.#callbacks.clearRouteCache();
    this.#tell('ext_authz_ok', 'matched', 'The authorization server allows the request.');
    return true;
  }

  /** What the rules do not allow is left out. */
  #change({ headersToSet, headersToAppend, headersToAdd, headersToRemove, queryToSet, queryToRemove }: Verdict): void {
    const { request } = this.#callbacks;
    const allows = this.#config.rules?.allows ?? (() => true);
    const allowed = (pairs: Verdict['headersToSet']): Verdict['headersToSet'] => pairs.filter(([name]) => allows(name));
    for (const [name, value] of allowed(headersToSet)) request.set(nameOf(request, name), value);
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

  #onInvalid(): boolean {
    this.#count('invalid');
    this.#tell('ext_authz_invalid', 'failed', 'The answer changes a header that the mutation rules do not allow: 500.');
    this.#refuse(500, 'ext_authz_invalid');
    return false;
  }

  #onDenied({ code, body, headersToSet }: Verdict): boolean {
    this.#count('denied');
    const { chargesCluster, isShadow, maxDeniedBytes } = this.#config;
    if (chargesCluster) this.#callbacks.cluster?.stats.charge(code, OF_ENVOY);
    this.#tell('ext_authz_denied', 'failed', `The authorization server denies the request: ${code}.`);
    if (isShadow) return true;
    this.#callbacks.sendLocalReply({
      status: code,
      body: body.slice(0, maxDeniedBytes),
      details: 'ext_authz_denied',
      flag: 'UAEX',
      mutateHeaders: (headers) => {
        for (const [name] of headersToSet) headers.remove(name);
        for (const [name, value] of headersToSet) headers.add(name, value);
      },
    });
    return false;
  }

  #onError(): boolean {
    const { allowsFailure, tellsFailure, statusOnError } = this.#config;
    this.#count('error');
    this.#tell(
      'ext_authz_error',
      'failed',
      `The authorization server gave no verdict: ${allowsFailure ? 'failure_mode_allow lets the request pass' : `${statusOnError}`}.`,
    );
    if (!allowsFailure && !this.#config.isShadow) {
      this.#refuse(statusOnError, 'ext_authz_error');
      return false;
    }
    this.#count('failure_mode_allowed');
    if (tellsFailure) this.#callbacks.request.add('x-envoy-auth-failure-mode-allowed', 'true');
    return true;
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

const changesRequest = (verdict: Verdict): boolean =>
  verdict.headersToSet.length +
    verdict.headersToAppend.length +
    verdict.headersToAdd.length +
    verdict.headersToRemove.length +
    verdict.queryToSet.length +
    verdict.queryToRemove.length >
  0;
