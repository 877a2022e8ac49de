import { SIMULATION_EPOCH_MS } from '#sim';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { Mismatch } from '../../../../router/route_match.ts';
import type { StatSet } from '../../../../stats/stat_set.ts';
import { dropForged, handOn, tellFailure } from './claims.ts';
import { tokensOf } from './extractor.ts';
import { FETCH_FAILED, sanitizedAudience, type Fault, type Provider } from './provider.ts';
import { MISSING, type Requirement } from './requirement.ts';
import type { Jwk } from './signature.ts';

export const COUNTERS = [
  'allowed',
  'denied',
  'cors_preflight_bypassed',
  'jwt_cache_hit',
  'jwt_cache_miss',
  'jwks_fetch_success',
  'jwks_fetch_failed',
] as const;

export interface JwtConfig {
  readonly node: ConfigNode;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly rules: readonly {
    readonly node: ConfigNode;
    readonly mismatch: Mismatch;
    readonly requirement: Requirement | undefined;
  }[];
  readonly named: ReadonlyMap<string, Requirement>;
  /** The filter state whose value names a requirement, where no rule matches. */
  readonly stateKey: string | undefined;
  readonly byState: ReadonlyMap<string, Requirement>;
  readonly bypassesPreflight: boolean;
  readonly stripsFailure: boolean;
  readonly counters: StatSet<(typeof COUNTERS)[number], never, never>;
}

/** Asks for a token that a trusted issuer signed: extensions/filters/http/jwt_authn/filter.cc. */
export class JwtAuthnFilter implements HttpFilter {
  readonly #config: JwtConfig;
  readonly #perRoute: ConfigNode | undefined;
  readonly #callbacks: FilterCallbacks;
  /** What came of the fetches for this request; undefined keys are a fetch that failed. */
  readonly #fetched = new Map<Provider, readonly Jwk[] | undefined>();
  /** What a verdict brings with it, done only once all keys are there. */
  #effects: (() => void)[] = [];
  #missingKeys: Provider | undefined;
  #isOver = false;

  constructor(config: JwtConfig, perRoute: ConfigNode | undefined, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#perRoute = perRoute;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { bypassesPreflight, counters } = this.#config;
    if (bypassesPreflight && this.#isPreflight()) {
      counters.cors_preflight_bypassed.inc();
      counters.allowed.inc();
      return 'continue';
    }
    const unknown = this.#unknownName();
    if (unknown !== undefined) return this.#refuseName(unknown);
    return this.#judge(this.#requirement());
  }

  /** A route may name a requirement that the filter does not have. */
  #unknownName(): string | undefined {
    const name = this.#perRoute?.text('requirement_name');
    return name === undefined || this.#config.named.has(name) ? undefined : name;
  }

  #refuseName(name: string): FilterStatus {
    const known = [...this.#config.named.keys()].join(',');
    const fault = `Wrong requirement_name: ${name}. It should be one of [${known}]`;
    this.#config.counters.denied.inc();
    this.#callbacks.sendLocalReply({
      status: 403,
      body: `Failed JWT authentication: ${fault}`,
      details: `jwt_authn_access_denied{${fault.replaceAll(' ', '_')}}`,
    });
    return 'stop_iteration';
  }

  onDestroy(): void {
    this.#isOver = true;
  }

  #isPreflight(): boolean {
    const { request } = this.#callbacks;
    return (
      request.get(':method') === 'OPTIONS' && request.has('origin') && request.has('access-control-request-method')
    );
  }

  #judge(requirement: Requirement | undefined): FilterStatus {
    this.#effects = [];
    this.#missingKeys = undefined;
    const fault = requirement?.(
      (name, audiences, how) => this.#check(name, audiences, how),
      (header) => this.#effects.push(() => this.#callbacks.request.set(header, 'false')),
    );
    const missing = this.#missingKeys as Provider | undefined;
    if (missing) {
      this.#fetch(missing, requirement);
      return 'stop_iteration';
    }
    for (const effect of this.#effects) effect();
    this.#tell(requirement, fault);
    this.#config.counters[fault === undefined ? 'allowed' : 'denied'].inc();
    if (fault === undefined) return 'continue';
    this.#refuse(fault);
    return 'stop_iteration';
  }

  /** Begins again once the keys of a provider are there, or known not to come. */
  #fetch(provider: Provider, requirement: Requirement | undefined): void {
    this.#callbacks.trace?.record({
      kind: 'jwks_fetched',
      state: 'info',
      because: (provider.node.child('remote_jwks') ?? provider.node).ref,
      sentence: `The keys of the provider \`${provider.name}\` are not at hand: they are fetched first.`,
    });
    provider.jwks.fetch((keys) => {
      if (this.#isOver) return;
      this.#fetched.set(provider, keys);
      if (this.#judge(requirement) === 'continue') this.#callbacks.continueDecoding();
    });
  }

  #refuse(fault: string): void {
    const { request } = this.#callbacks;
    const { stripsFailure } = this.#config;
    const realm = `${request.get(':scheme')}://${request.get(':authority')}${request.get(':path')}`;
    const challenge = `Bearer realm="${realm}"${fault === MISSING ? '' : ', error="invalid_token"'}`;
    this.#callbacks.sendLocalReply({
      status: fault === 'Audiences in Jwt are not allowed' ? 403 : 401,
      body: stripsFailure ? '' : fault,
      details: `jwt_authn_access_denied{${fault.replaceAll(' ', '_')}}`,
      headers: stripsFailure ? [] : [['www-authenticate', challenge]],
    });
  }

  #requirement(): Requirement | undefined {
    if (this.#perRoute?.flag('disabled')) return undefined;
    const { named, rules, stateKey, byState } = this.#config;
    const name = this.#perRoute?.text('requirement_name');
    if (name !== undefined) return named.get(name);
    const { request, filterState } = this.#callbacks;
    const path = request.get(':path') ?? '';
    const rule = rules.find(({ mismatch }) => mismatch(request, path) === undefined);
    if (rule || stateKey === undefined) return rule?.requirement;
    return byState.get(filterState.get(stateKey) ?? '');
  }

  #check(name: string, audiences: readonly string[] | undefined, how: 'any' | undefined): Fault {
    const provider = this.#config.providers.get(name);
    if (!provider) return MISSING;
    this.#effects.push(() => dropForged(provider.node, this.#callbacks));
    const wanted = (audiences ?? provider.node.texts('audiences')).map(sanitizedAudience);
    let fault: Fault = MISSING;
    for (const { token, remove } of tokensOf(provider.node, this.#callbacks.request)) {
      const judged = this.#verify(provider, token, wanted, remove);
      fault = judged.fault;
      // Without a provider of its own a verifier looks into no cache: authenticator.cc, startVerify.
      if (how === undefined)
        this.#effects.push(() =>
          this.#config.counters[judged.isCached === true ? 'jwt_cache_hit' : 'jwt_cache_miss'].inc(),
        );
      if (fault !== undefined) {
        const found = fault;
        this.#effects.push(() => tellFailure(provider.node, found, this.#callbacks));
        return fault;
      }
    }
    return fault;
  }

  #verify(
    provider: Provider,
    token: string,
    audiences: readonly string[],
    remove: () => void,
  ): { fault: Fault; isCached?: boolean | undefined } {
    const judged = provider.verify(token, this.#nowS(), audiences, this.#fetched.get(provider));
    if (judged === 'needs_keys') {
      if (!this.#fetched.has(provider)) this.#missingKeys = provider;
      return { fault: FETCH_FAILED };
    }
    const { fault, jwt, isCached } = judged;
    if (fault === undefined && jwt)
      this.#effects.push(() => {
        if (!provider.node.flag('forward')) remove();
        handOn(provider.node, jwt, this.#callbacks);
      });
    return { fault, isCached };
  }

  #nowS(): number {
    return (SIMULATION_EPOCH_MS + this.#callbacks.dispatcher.nowMs) / 1000;
  }

  #tell(requirement: Requirement | undefined, fault: Fault): void {
    this.#callbacks.trace?.record({
      kind: fault === undefined ? 'jwt_accepted' : 'jwt_refused',
      state: fault === undefined ? 'matched' : 'failed',
      because: this.#config.node.ref,
      sentence: requirement
        ? `The token of the request: ${fault ?? 'it fits what the rule asks for'}.`
        : 'No rule asks for a token here.',
    });
  }
}
