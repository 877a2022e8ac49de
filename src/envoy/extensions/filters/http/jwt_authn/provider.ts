import type { JsonObject } from '#api';
import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';
import type { Jwks } from './jwks.ts';
import { parseJwt, type Jwt } from './jwt.ts';
import { isSignedBy, type Jwk } from './signature.ts';

/** What is wrong with a token, in Envoy's words; undefined is nothing. */
export type Fault = string | undefined;

const DEFAULT_CLOCK_SKEW_S = 60;
const DEFAULT_CACHE_SIZE = 100;
const DEFAULT_TOKEN_BYTES = 4_096;
const NOT_VERIFIED = 'Jwt verification fails';
export const FETCH_FAILED = 'Jwks remote fetch is failed';

/** How a token was judged; without a verdict the keys have to be fetched first. */
export type Judged = { readonly jwt?: Jwt; readonly fault: Fault; readonly isCached?: boolean } | 'needs_keys';

/** One `JwtProvider`: who may have issued a token, for whom, and with which keys. */
export class Provider {
  readonly name: string;
  readonly node: ConfigNode;
  readonly jwks: Jwks;
  readonly #mismatchOfSubject: ((subject: string) => string | undefined) | undefined;
  readonly #maxLifetimeS: number | undefined;
  readonly #requiresExpiration: boolean;
  /** Tokens whose signature was found good: they are not looked at again until they are too old. */
  readonly #good: Map<string, Jwt> | undefined;
  readonly #cacheSize: number;
  /** A longer token is not kept. */
  readonly #maxTokenBytes: number;

  constructor(name: string, node: ConfigNode, jwks: Jwks) {
    this.name = name;
    this.node = node;
    this.jwks = jwks;
    const subjects = node.child('subjects');
    this.#mismatchOfSubject = subjects && compileStringMatcher(subjects);
    const maxLifetimeMs = durationMs(node.text('max_lifetime'));
    this.#maxLifetimeS = maxLifetimeMs === undefined ? undefined : maxLifetimeMs / 1000;
    this.#requiresExpiration = node.flag('require_expiration') || maxLifetimeMs !== undefined;
    const cache = node.child('jwt_cache_config');
    this.#good = cache && new Map();
    this.#maxTokenBytes = cache?.number('jwt_max_token_size') || DEFAULT_TOKEN_BYTES;
    this.#cacheSize = cache?.number('jwt_cache_size') || DEFAULT_CACHE_SIZE;
  }

  /** Judges a token in the order of jwt_authn/authenticator.cc. `keys` are those that were fetched for this request. */
  verify(token: string, nowS: number, audiences: readonly string[], keys: readonly Jwk[] | undefined): Judged {
    const known = this.#good?.get(token);
    const jwt = known ?? parseJwt(token);
    if (typeof jwt === 'string') return { fault: jwt };
    const fault = this.#faultOfClaims(jwt, nowS, audiences);
    if (fault !== undefined || known) return { jwt, fault, isCached: known !== undefined };
    const current = keys ?? this.jwks.current();
    if (!current) return 'needs_keys';
    const verdict = faultOfSignature(jwt, current);
    if (verdict === undefined) this.#keep(token, jwt);
    return { jwt, fault: verdict };
  }

  #keep(token: string, jwt: Jwt): void {
    if (!this.#good || token.length > this.#maxTokenBytes) return;
    const [oldest] = this.#good.keys();
    if (this.#good.size >= this.#cacheSize && oldest !== undefined) this.#good.delete(oldest);
    this.#good.set(token, jwt);
  }

  #faultOfClaims({ payload }: Jwt, nowS: number, audiences: readonly string[]): Fault {
    const issuer = this.node.text('issuer') ?? '';
    if (issuer !== '' && payload['iss'] !== issuer) return 'Jwt issuer is not configured';
    if (this.#mismatchOfSubject && this.#mismatchOfSubject(String(payload['sub'] ?? '')) !== undefined)
      return NOT_VERIFIED;
    const late = this.#faultOfTimes(payload, nowS);
    if (late !== undefined) return late;
    if (audiences.length > 0 && !audiencesOf(payload).some((one) => audiences.includes(one)))
      return 'Audiences in Jwt are not allowed';
    return undefined;
  }

  #faultOfTimes({ exp: expires, nbf: notBefore }: JsonObject, nowS: number): Fault {
    const skew = this.node.number('clock_skew_seconds') ?? DEFAULT_CLOCK_SKEW_S;
    const max = this.#maxLifetimeS;
    if (typeof expires !== 'number' && this.#requiresExpiration) return NOT_VERIFIED;
    if (typeof expires === 'number' && max !== undefined && expires - nowS > max) return NOT_VERIFIED;
    if (typeof notBefore === 'number' && nowS + skew < notBefore) return 'Jwt not yet valid';
    return typeof expires === 'number' && nowS > expires + skew ? 'Jwt is expired' : undefined;
  }
}

function faultOfSignature(jwt: Jwt, keys: readonly Jwk[]): Fault {
  const fitting = keys.filter(
    (key) =>
      (jwt.kid === undefined || key.kid === undefined || key.kid === jwt.kid) &&
      (key.alg === undefined || key.alg === jwt.alg),
  );
  if (fitting.length === 0) return "Jwks doesn't have key to match kid or alg from Jwt";
  return fitting.some((key) => isSignedBy(key, jwt.alg, jwt.signed, jwt.signature)) ? undefined : NOT_VERIFIED;
}

/** A trailing slash and the scheme do not count: jwt_verify_lib/check_audience.cc. */
function audiencesOf(payload: JsonObject): string[] {
  const given = payload['aud'];
  return (Array.isArray(given) ? given : [given]).filter((one) => typeof one === 'string').map(sanitizedAudience);
}

export const sanitizedAudience = (text: string): string => text.replace(/^https?:\/\//, '').replace(/\/$/, '');
