import type { JsonObject } from '#api';
import type { FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { base64Of } from '../../../../matching/base64.ts';
import type { BodySettings, ExtAuthzConfig, MetadataNamespaces } from './config.ts';

/** What the server is asked by: the headers that it may see, and as much of the body as it may have. */
export interface Asked {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | undefined;
}

const PSEUDO = [':authority', ':path', ':method', ':scheme'];

/** Headers of one name are joined; a body says whether it is whole: check_request_utils.cc, setHttpRequest. */
export function askedOf(
  { request, requestBody }: FilterCallbacks,
  config: ExtAuthzConfig,
  body: BodySettings | undefined,
): Asked {
  const headers = new Map<string, string>();
  for (const [name, value] of request.pairs()) {
    if (!config.showsHeader(name)) continue;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  if (!body || requestBody === '') return { headers, body: undefined };
  headers.set('x-envoy-auth-partial-body', String(requestBody.length > body.maxBytes));
  return { headers, body: requestBody.slice(0, body.maxBytes) };
}

/** `service.auth.v3.CheckRequest`. */
export function checkRequest(
  callbacks: FilterCallbacks,
  config: ExtAuthzConfig,
  asked: Asked,
  body: BodySettings | undefined,
): JsonObject {
  const { connection, dynamicMetadata, route, request } = callbacks;
  const service = request.get('x-envoy-downstream-service-cluster');
  const extensions = contextExtensions(callbacks);
  const sni = connection.tls?.sni;
  const routeMetadata = route?.node.child('metadata')?.child('filter_metadata')?.value ?? {};
  const routeTyped = route?.node.child('metadata')?.child('typed_filter_metadata')?.value ?? {};
  return {
    attributes: {
      source: { address: addressOf(connection.remoteAddress), ...(service === undefined ? {} : { service }) },
      destination: { address: addressOf(connection.localAddress) },
      request: { http: { ...httpRequest(callbacks, asked, body), ...headersOf(callbacks.request, asked, config) } },
      ...(Object.keys(extensions).length > 0 ? { contextExtensions: extensions } : {}),
      metadataContext: metadataOf(dynamicMetadata, callbacks.dynamicTypedMetadata, config.metadataNamespaces),
      routeMetadataContext: metadataOf(routeMetadata, routeTyped, config.routeMetadataNamespaces),
      ...(config.node.flag('include_tls_session') ? { tlsSession: sni === undefined ? {} : { sni } } : {}),
    },
  };
}

function httpRequest({ request, log }: FilterCallbacks, asked: Asked, body: BodySettings | undefined): JsonObject {
  const text = asked.body ?? '';
  const bytes = body?.packsAsBytes === true;
  return {
    method: request.get(':method') ?? '',
    path: request.get(':path') ?? '',
    host: request.get(':authority') ?? '',
    scheme: request.get(':scheme') ?? '',
    protocol: String(log['protocol'] ?? ''),
    ...(text === ''
      ? {}
      : { size: String(log['bytes_received']), [bytes ? 'rawBody' : 'body']: bytes ? bytesOf(text) : text }),
  };
}

/** By name, or with `encode_raw_headers` as they came: pseudo headers first, a name as often as it was sent. */
function headersOf(request: HeaderMap, asked: Asked, config: ExtAuthzConfig): JsonObject {
  if (!config.node.flag('encode_raw_headers')) return { headers: Object.fromEntries(asked.headers) };
  const shown = request.pairs().filter(([name]) => config.showsHeader(name));
  const pseudo = PSEUDO.flatMap((name) => shown.filter(([one]) => one === name));
  const all = [...pseudo, ...shown.filter(([name]) => !name.startsWith(':'))];
  return { headerMap: { headers: all.map(([key, value]) => ({ key, rawValue: bytesOf(value) })) } };
}

const bytesOf = (text: string): string => base64Of(new TextEncoder().encode(text));

/** Those of every level of the route: the narrower level has the last word. */
function contextExtensions(callbacks: FilterCallbacks): JsonObject {
  const levels = callbacks.perRouteLevels();
  return Object.assign(
    {},
    ...levels.map((level) => level.child('check_settings')?.child('context_extensions')?.value ?? {}),
  ) as JsonObject;
}

function metadataOf(metadata: JsonObject, typed: JsonObject, namespaces: MetadataNamespaces): JsonObject {
  const shown = pick(metadata, namespaces.untyped);
  const shownTyped = pick(typed, namespaces.typed);
  return { ...(shown ? { filterMetadata: shown } : {}), ...(shownTyped ? { typedFilterMetadata: shownTyped } : {}) };
}

function pick(from: JsonObject, names: readonly string[]): JsonObject | undefined {
  const found = names.filter((one) => from[one] !== undefined).map((one) => [one, from[one]!] as const);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function addressOf(address: string): JsonObject {
  const at = address.lastIndexOf(':');
  return { socketAddress: { address: address.slice(0, at), portValue: Number(address.slice(at + 1)) } };
}
