import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { hostOf, isSameIpOrLoopback, portOf } from '../network/address.ts';
import { sansOf } from '../network/certificate.ts';
import { queryParameter } from '../router/route_match.ts';
import type { Connection } from '../seams.ts';
import type { MatchFacts } from './match_facts.ts';

/** The text that a matcher looks at; undefined where there is none, and nothing fits. */
export type MatchInput = (facts: MatchFacts) => string | undefined;

const joined = (headers: HeaderMap | undefined, name: string): string | undefined =>
  headers?.has(name) === true ? headers.all(name).join(',') : undefined;
const nonEmpty = (text: string): string | undefined => (text === '' ? undefined : text);

const ofHeader =
  (headersOf: (facts: MatchFacts) => HeaderMap | undefined) =>
  (config: ConfigNode): MatchInput => {
    const name = (config.text('header_name') ?? '').toLowerCase();
    return (facts) => joined(headersOf(facts), name);
  };

const ofConnection =
  (read: (connection: Connection) => string | undefined) =>
  (): MatchInput =>
  ({ connection }) =>
    connection && read(connection);

/** Of a client's certificate, its names of one kind. */
const ofSans = (kind: 'URI' | 'DNS') =>
  ofConnection(({ tls }) => (tls?.peer ? nonEmpty(sansOf(tls.peer, kind).join(',')) : undefined));

/** Where the value of a matcher comes from, by the last part of its type. Simplified: another input has no value. */
const INPUTS: Readonly<Record<string, (config: ConfigNode) => MatchInput>> = {
  HttpRequestHeaderMatchInput: ofHeader(({ request }) => request),
  HttpResponseHeaderMatchInput: ofHeader(({ response }) => response?.headers),
  HttpResponseTrailerMatchInput: ofHeader(({ response }) => response?.trailers),
  HttpRequestQueryParamMatchInput: (config) => {
    const name = config.text('query_param') ?? '';
    return ({ request }) => queryParameter(request.get(':path') ?? '', name);
  },
  HttpResponseStatusCodeMatchInput:
    () =>
    ({ response }) =>
      response && String(response.status),
  HttpResponseStatusCodeClassMatchInput:
    () =>
    ({ response }) =>
      response && `${Math.floor(response.status / 100)}xx`,
  // Of a stream the client is the one that x-forwarded-for may name.
  SourceIPInput:
    () =>
    ({ connection, log }) =>
      connection && String(log?.['remote'] ?? hostOf(connection.remoteAddress)),
  DirectSourceIPInput: ofConnection(({ directRemoteAddress }) => hostOf(directRemoteAddress)),
  SourcePortInput: ofConnection(({ remoteAddress }) => String(portOf(remoteAddress))),
  SourceTypeInput: ofConnection((connection) => (isSameIpOrLoopback(connection) ? 'local' : undefined)),
  DestinationIPInput: ofConnection(({ localAddress }) => hostOf(localAddress)),
  DestinationPortInput: ofConnection(({ localAddress }) => String(portOf(localAddress))),
  ServerNameInput:
    () =>
    ({ log }) =>
      log?.['sni'] === undefined ? undefined : String(log['sni']),
  TransportProtocolInput:
    () =>
    ({ detected }) =>
      detected?.transportProtocol,
  ApplicationProtocolInput:
    () =>
    ({ detected }) =>
      nonEmpty((detected?.applicationProtocols ?? []).map((one) => `'${one}'`).join(',')),
  UriSanInput: ofSans('URI'),
  DnsSanInput: ofSans('DNS'),
  SubjectInput: ofConnection(({ tls }) => tls?.peer && `CN=${tls.peer.cn}`),
  FilterStateInput: (config) => {
    const key = config.text('key') ?? '';
    return ({ filterState }) => filterState?.get(key);
  },
};

export function compileInput(node: ConfigNode | undefined): MatchInput {
  const config = node?.child('typed_config');
  const input = INPUTS[config?.text('@type')?.split('.').at(-1) ?? ''];
  return config && input ? input(config) : () => undefined;
}
