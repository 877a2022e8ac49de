import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks } from '../../../../http/filter.ts';
import { base64Of } from '../../../../matching/base64.ts';
import type { Jwt } from './jwt.ts';

const NAMESPACE = 'envoy.filters.http.jwt_authn';

/** A header that the filter will write is not believed when the client sends it. */
export function dropForged(provider: ConfigNode, { request }: FilterCallbacks): void {
  for (const name of [
    provider.text('forward_payload_header'),
    ...provider.list('claim_to_headers').map((one) => one.text('header_name')),
  ])
    if (name) request.remove(name.toLowerCase());
}

/** Tells others what a good token says, in headers and dynamic metadata: authenticator.cc, handleGoodJwt. */
export function handOn(provider: ConfigNode, jwt: Jwt, callbacks: FilterCallbacks): void {
  const { request } = callbacks;
  const header = provider.text('forward_payload_header') ?? '';
  const padding = provider.flag('pad_forward_payload_header') ? '='.repeat((4 - (jwt.payloadText.length % 4)) % 4) : '';
  if (header !== '') request.set(header.toLowerCase(), jwt.payloadText + padding);
  for (const claim of provider.list('claim_to_headers')) {
    const path = claim.list('claim_path').map((one) => one.text('key') ?? '');
    const value = claimAt(jwt.payload, path.length > 0 ? path : (claim.text('claim_name') ?? '').split('.'));
    if (value !== undefined) request.set((claim.text('header_name') ?? '').toLowerCase(), value);
  }
  const [payloadKey, headerKey] = [provider.text('payload_in_metadata'), provider.text('header_in_metadata')];
  if (payloadKey) callbacks.setMetadata(NAMESPACE, payloadKey, normalized(jwt.payload, provider));
  if (headerKey) callbacks.setMetadata(NAMESPACE, headerKey, jwt.header);
  if (provider.flag('clear_route_cache')) callbacks.clearRouteCache();
}

/** Claims that hold several words may be told as lists. */
function normalized(payload: JsonObject, provider: ConfigNode): JsonObject {
  const names = provider.child('normalize_payload_in_metadata')?.texts('space_delimited_claims') ?? [];
  const lists = names.flatMap((name) => {
    const claim = payload[name];
    return typeof claim === 'string' ? [[name, claim.split(' ')] as const] : [];
  });
  return lists.length === 0 ? payload : { ...payload, ...Object.fromEntries(lists) };
}

/** `jwt_verify::Status`, as far as its numbers are told in dynamic metadata: jwt_verify_lib/status.h. */
const STATUS: readonly string[] = [
  'OK',
  'Jwt is missing',
  'Jwt not yet valid',
  'Jwt is expired',
  'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  'Jwt header is an invalid Base64url encoded',
  'Jwt header is an invalid JSON',
  'Jwt header [alg] field is required and must be a string',
  'Jwt header [alg] is not supported',
  'Jwt header [kid] field is not a string',
  'Jwt payload is an invalid Base64url encoded',
  'Jwt payload is an invalid JSON',
  'Jwt payload [iss] field is not a string',
  'Jwt payload [sub] field is not a string',
  'Jwt payload [iat] field is not an integer',
  'Jwt payload [iat] field is not a positive 64 bit integer',
  'Jwt payload [nbf] field is not an integer',
  'Jwt payload [nbf] field is not a positive 64 bit integer',
  'Jwt payload [exp] field is not an integer',
  'Jwt payload [exp] field is not a positive 64 bit integer',
  'Jwt payload [jti] field is not a string',
  'Jwt payload [aud] field is not a string or string list',
  'Jwt signature is an invalid Base64url encoded',
  'Jwt ED25519 signature is wrong length',
  'Jwt issuer is not configured',
  'Audiences in Jwt are not allowed',
  'Jwt verification fails',
];

/** A token that was no good, for whoever looks behind a requirement that lets it pass. */
export function tellFailure(provider: ConfigNode, fault: string, callbacks: FilterCallbacks): void {
  const key = provider.text('failed_status_in_metadata');
  const code = STATUS.indexOf(fault);
  if (key) callbacks.setMetadata(NAMESPACE, key, { ...(code < 0 ? {} : { code }), message: fault });
}

/** A claim by its path: primitives as text, the rest as base64 of its JSON. */
function claimAt(payload: JsonObject, path: readonly string[]): string | undefined {
  let now: Json | undefined = payload;
  for (const key of path) now = typeof now === 'object' && now !== null && !Array.isArray(now) ? now[key] : undefined;
  if (now === undefined || now === null) return undefined;
  if (typeof now === 'object') return base64Of(new TextEncoder().encode(JSON.stringify(now)));
  // std::to_string has six digits behind the point, always.
  return typeof now === 'number' && !Number.isInteger(now) ? now.toFixed(6) : String(now);
}
