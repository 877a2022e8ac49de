import { SIMULATION_EPOCH_MS } from '#sim';
import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus, type HttpFilter } from '../../../../http/filter.ts';
import { compileRouteMatch, type Mismatch } from '../../../../router/route_match.ts';
import { base64Of } from '../../../../matching/base64.ts';
import { tokensOf } from './extractor.ts';
import type { Jwt } from './jwt.ts';
import { Provider, sanitizedAudience, type Fault } from './provider.ts';
import { compileRequirement, MISSING, type CheckProvider, type Requirement } from './requirement.ts';

interface JwtConfig {
  readonly node: ConfigNode;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly rules: readonly {
    readonly node: ConfigNode;
    readonly mismatch: Mismatch;
    readonly requirement: Requirement | undefined;
  }[];
  readonly named: ReadonlyMap<string, Requirement>;
}

export const jwtAuthnFilterFactory = defineHttpFilter<ConfigNode>({
  name: 'envoy.filters.http.jwt_authn',
  type: 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  fidelity: { level: 'partial', notSimulated: ['remote_jwks', 'filter_state_rules', 'jwt_cache_config'] },
  compile: (node) => {
    const config = compile(node);
    return (callbacks, perRoute) => new JwtAuthnFilter(config, perRoute, callbacks);
  },
  compilePerRoute: (config) => config,
});

function compile(node: ConfigNode): JwtConfig {
  const table = node.child('providers');
  const providers = new Map(
    Object.keys(table?.value ?? {}).flatMap((name) =>
      table?.child(name) ? [[name, new Provider(name, table.child(name)!)] as const] : [],
    ),
  );
  const anyToken = (check: CheckProvider): Fault => {
    const faults = [...providers.keys()].map((name) => check(name, undefined)).filter((fault) => fault !== MISSING);
    return faults.length === 0 || faults.includes(undefined) ? undefined : faults[0];
  };
  const map = node.child('requirement_map');
  const named = new Map(
    Object.keys(map?.value ?? {}).map((name) => [name, compileRequirement(map?.child(name), anyToken)] as const),
  );
  const rules = node.list('rules').map((rule) => {
    const byName = rule.text('requirement_name');
    const requires = rule.child('requires');
    const match = rule.child('match');
    return {
      node: rule,
      mismatch: match ? compileRouteMatch(match) : () => undefined,
      requirement: byName === undefined ? requires && compileRequirement(requires, anyToken) : named.get(byName),
    };
  });
  return { node, providers, rules, named };
}

/** Asks for a token that a trusted issuer signed: extensions/filters/http/jwt_authn/filter.cc. */
class JwtAuthnFilter implements HttpFilter {
  readonly #config: JwtConfig;
  readonly #perRoute: ConfigNode | undefined;
  readonly #callbacks: FilterCallbacks;

  constructor(config: JwtConfig, perRoute: ConfigNode | undefined, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#perRoute = perRoute;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, trace } = this.#callbacks;
    if (
      this.#config.node.flag('bypass_cors_preflight') &&
      request.get(':method') === 'OPTIONS' &&
      request.has('origin') &&
      request.has('access-control-request-method')
    )
      return 'continue';
    const requirement = this.#requirement();
    const fault = requirement?.((name, audiences) => this.#check(name, audiences));
    this.#count(fault === undefined ? 'allowed' : 'denied');
    trace?.record({
      kind: fault === undefined ? 'jwt_accepted' : 'jwt_refused',
      state: fault === undefined ? 'matched' : 'failed',
      because: this.#config.node.ref,
      sentence: requirement
        ? `The token of the request: ${fault ?? 'it fits what the rule asks for'}.`
        : 'No rule asks for a token here.',
    });
    if (fault === undefined) return 'continue';
    const realm = `${request.get(':scheme')}://${request.get(':authority')}${request.get(':path')}`;
    const challenge = `Bearer realm="${realm}"${fault === MISSING ? '' : ', error="invalid_token"'}`;
    const status = fault === 'Audiences in Jwt are not allowed' ? 403 : 401;
    this.#callbacks.sendLocalReply({
      status,
      body: fault,
      details: `jwt_authn_access_denied{${fault.replaceAll(' ', '_')}}`,
      headers: [['www-authenticate', challenge]],
    });
    return 'stop_iteration';
  }

  #requirement(): Requirement | undefined {
    if (this.#perRoute?.flag('disabled')) return undefined;
    const name = this.#perRoute?.text('requirement_name');
    if (name !== undefined) return this.#config.named.get(name);
    const { request } = this.#callbacks;
    const path = request.get(':path') ?? '';
    return this.#config.rules.find((rule) => rule.mismatch(request, path) === undefined)?.requirement;
  }

  #check(name: string, audiences: readonly string[] | undefined): Fault {
    const provider = this.#config.providers.get(name);
    if (!provider) return MISSING;
    this.#dropForged(provider.node);
    const wanted = (audiences ?? provider.node.texts('audiences')).map(sanitizedAudience);
    const found = tokensOf(provider.node, this.#callbacks.request);
    let fault: Fault = MISSING;
    for (const { token, remove } of found) {
      this.#count('jwt_cache_miss');
      const result = provider.verify(token, this.#nowS(), wanted);
      fault = result.fault;
      if (fault !== undefined || !result.jwt) return fault;
      if (!provider.node.flag('forward')) remove();
      this.#handOn(provider.node, result.jwt);
    }
    return fault;
  }

  #nowS(): number {
    return (SIMULATION_EPOCH_MS + this.#callbacks.dispatcher.nowMs) / 1000;
  }

  /** A header that the filter will write is not believed when the client sends it. */
  #dropForged(provider: ConfigNode): void {
    for (const name of [
      provider.text('forward_payload_header'),
      ...provider.list('claim_to_headers').map((one) => one.text('header_name')),
    ])
      if (name) this.#callbacks.request.remove(name.toLowerCase());
  }

  #handOn(provider: ConfigNode, jwt: Jwt): void {
    const { request } = this.#callbacks;
    const header = provider.text('forward_payload_header') ?? '';
    const padding = provider.flag('pad_forward_payload_header')
      ? '='.repeat((4 - (jwt.payloadText.length % 4)) % 4)
      : '';
    if (header !== '') request.set(header.toLowerCase(), jwt.payloadText + padding);
    for (const claim of provider.list('claim_to_headers')) {
      const value = claimAt(jwt.payload, claim.text('claim_name') ?? '');
      if (value !== undefined) request.set((claim.text('header_name') ?? '').toLowerCase(), value);
    }
    const key = provider.text('payload_in_metadata') ?? '';
    if (key !== '') this.#callbacks.setMetadata('envoy.filters.http.jwt_authn', key, jwt.payload);
    if (provider.flag('clear_route_cache')) this.#callbacks.clearRouteCache();
  }

  #count(name: string): void {
    this.#callbacks.stats.add(`${this.#callbacks.statPrefix}jwt_authn.${name}`);
  }
}

/** A claim by a dotted name: primitives as text, the rest as base64 of its JSON. */
function claimAt(payload: JsonObject, name: string): string | undefined {
  let now: Json | undefined = payload;
  for (const key of name.split('.'))
    now = typeof now === 'object' && now !== null && !Array.isArray(now) ? now[key] : undefined;
  if (now === undefined || now === null) return undefined;
  return typeof now === 'object' ? base64Of(new TextEncoder().encode(JSON.stringify(now))) : String(now);
}
