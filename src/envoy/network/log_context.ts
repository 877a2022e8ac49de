import type { FormatterContext } from '../formatter/formatter_context.ts';
import { HeaderMap } from '../http/header_map.ts';
import type { NetworkConnection } from './filter.ts';

const NO_HEADERS = new HeaderMap();

/** What an access log may ask of a whole connection: no request, no response, no code. */
export function connectionContext(connection: NetworkConnection, clusterName?: string): FormatterContext {
  const { facts } = connection;
  return {
    request: NO_HEADERS,
    log: { ...connection.log, flags: connection.flags, code: 0 },
    clusterName,
    dynamicMetadata: connection.dynamicMetadata,
    filterState: connection.filterState,
    facts: connection.streamFacts,
    wire: { received: Number(connection.log['bytes_received'] ?? 0), sent: Number(connection.log['bytes_sent'] ?? 0) },
    tls: facts.tls,
    routeMetadata: undefined,
    clusterMetadata: undefined,
    localAddress: facts.localAddress,
    remoteAddress: facts.remoteAddress,
    directRemoteAddress: facts.directRemoteAddress,
  };
}
