import { inlineText } from '../../../../data_source.ts';
import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';
import { keysOf, parseJwt, type Jwt } from './jwt.ts';
import { isSignedBy, type Jwk } from './signature.ts';

/** What is wrong with a token, in Envoy's words; undefined is nothing. */
export type Fault = string | undefined;

const DEFAULT_CLOCK_SKEW_S = 60;

/** One `JwtProvider`: who may have issued a token, for whom, and with which keys. */
export class Provider {
  readonly name: string;
  readonly node: ConfigNode;
  readonly #keys: readonly Jwk[] | undefined;
  readonly #mismatchOfSubject: ((subject: string) => string | undefined) | undefined;

  constructor(name: string, node: ConfigNode) {
    this.name = name;
    this.node = node;
    const jwks = inlineText(node.child('local_jwks'));
    this.#keys = jwks === undefined ? undefined : keysOf(jwks);
    const subjects = node.child('subjects');
    this.#mismatchOfSubject = subjects && compileStringMatcher(subjects);
  }

  /** Judges a token in the order of jwt_authn/authenticator.cc. */
  verify(token: string, nowS: number, audiences: readonly string[]): { jwt?: Jwt; fault: Fault } {
    const jwt = parseJwt(token);
    if (typeof jwt === 'string') return { fault: jwt };
    return { jwt, fault: this.#faultOf(jwt, nowS, audiences) };
  }

  #faultOf(jwt: Jwt, nowS: number, audiences: readonly string[]): Fault {
    const { payload } = jwt;
    const issuer = this.node.text('issuer') ?? '';
    if (issuer !== '' && payload['iss'] !== issuer) return 'Jwt issuer is not configured';
    if (this.#mismatchOfSubject && this.#mismatchOfSubject(String(payload['sub'] ?? '')) !== undefined)
      return 'Jwt subject is not allowed';
    const skew = this.node.number('clock_skew_seconds') ?? DEFAULT_CLOCK_SKEW_S;
    if (typeof payload['nbf'] === 'number' && nowS + skew < payload['nbf']) return 'Jwt not yet valid';
    if (typeof payload['exp'] === 'number' && nowS > payload['exp'] + skew) return 'Jwt is expired';
    if (audiences.length > 0 && !audiencesOf(payload).some((one) => audiences.includes(one)))
      return 'Audiences in Jwt are not allowed';
    if (!this.#keys) return 'Jwks remote fetch is failed';
    return faultOfSignature(jwt, this.#keys);
  }
}

function faultOfSignature(jwt: Jwt, keys: readonly Jwk[]): Fault {
  const fitting = keys.filter(
    (key) =>
      (jwt.kid === undefined || key.kid === undefined || key.kid === jwt.kid) &&
      (key.alg === undefined || key.alg === jwt.alg),
  );
  if (fitting.length === 0) return "Jwks doesn't have key to match kid or alg from Jwt";
  return fitting.some((key) => isSignedBy(key, jwt.alg, jwt.signed, jwt.signature))
    ? undefined
    : 'Jwt verification fails';
}

/** A trailing slash and the scheme do not count: jwt_verify_lib/check_audience.cc. */
function audiencesOf(payload: JsonObject): string[] {
  const given = payload['aud'];
  return (Array.isArray(given) ? given : [given])
    .filter((one) => typeof one === 'string')
    .map((one) => one.replace(/^https?:\/\//, '').replace(/\/$/, ''));
}

export const sanitizedAudience = (text: string): string => text.replace(/^https?:\/\//, '').replace(/\/$/, '');
