import type { Json, JsonObject } from '#api';
import { bytesOfBase64 } from '../../../../matching/base64.ts';
import { SUPPORTED_ALGORITHMS, type Jwk } from './signature.ts';

export interface Jwt {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly payloadText: string;
  readonly signed: string;
  readonly signature: Uint8Array;
}

/** A token taken apart, or why it is none, in the words of Envoy's jwt_verify_lib. */
export function parseJwt(token: string): Jwt | string {
  const parts = token.split('.');
  if (parts.length !== 3 || parts.includes(''))
    return 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections';
  const [header, payload] = [sectionOf(parts[0]!, 'header'), sectionOf(parts[1]!, 'payload')];
  if (typeof header === 'string') return header;
  const { alg, kid } = header;
  if (typeof alg !== 'string') return 'Jwt header [alg] field is required and must be a string';
  if (!SUPPORTED_ALGORITHMS.has(alg)) return 'Jwt header [alg] is not supported';
  if (kid !== undefined && typeof kid !== 'string') return 'Jwt header [kid] field is not a string';
  if (typeof payload === 'string') return payload;
  const wrong = wrongClaim(payload);
  if (wrong !== undefined) return wrong;
  const signature = bytesOfBase64(parts[2]!);
  if (!signature) return 'Jwt signature is an invalid Base64url encoded';
  return {
    alg,
    kid,
    header,
    payload,
    payloadText: parts[1]!,
    signed: `${parts[0]}.${parts[1]}`,
    signature,
  };
}

/** Registered claims have types of their own, and are read in this order. */
function wrongClaim(payload: JsonObject): string | undefined {
  const isText = (value: Json | undefined): boolean => value === undefined || typeof value === 'string';
  for (const name of ['iss', 'sub']) if (!isText(payload[name])) return `Jwt payload [${name}] field is not a string`;
  for (const name of ['iat', 'nbf', 'exp']) {
    const value = payload[name];
    if (value !== undefined && typeof value !== 'number') return `Jwt payload [${name}] field is not an integer`;
    if (value !== undefined && value < 0) return `Jwt payload [${name}] field is not a positive 64 bit integer`;
  }
  if (!isText(payload['jti'])) return 'Jwt payload [jti] field is not a string';
  const audiences = payload['aud'];
  const isList = Array.isArray(audiences) && audiences.every((one) => typeof one === 'string');
  return isText(audiences) || isList ? undefined : 'Jwt payload [aud] field is not a string or string list';
}

function sectionOf(text: string, name: string): JsonObject | string {
  const bytes = bytesOfBase64(text);
  if (!bytes) return `Jwt ${name} is an invalid Base64url encoded`;
  const value = parse(new TextDecoder().decode(bytes));
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value
    : `Jwt ${name} is an invalid JSON`;
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The keys of a JSON Web Key Set; none where it is not one. */
export function keysOf(jwks: string): Jwk[] {
  const value = parse(jwks);
  const keys =
    typeof value === 'object' && value !== null && !Array.isArray(value) && Array.isArray(value['keys'])
      ? value['keys']
      : [];
  return keys.flatMap((one) => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return [];
    const text = (name: string): string | undefined => (typeof one[name] === 'string' ? one[name] : undefined);
    return [{ kid: text('kid'), alg: text('alg'), kty: text('kty') ?? '', fields: one }];
  });
}
