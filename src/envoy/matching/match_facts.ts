import type { JsonObject } from '#api';
import type { CelFacts } from '../cel/attributes.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { Detected } from '../network/detected.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Connection, HttpResponse } from '../seams.ts';

/** What the inputs of a matcher are read from. */
export interface MatchFacts {
  readonly request: HeaderMap;
  readonly connection?: Connection;
  readonly response?: HttpResponse;
  readonly log?: CelFacts['log'];
  readonly dynamicMetadata?: JsonObject;
  readonly filterState?: CelFacts['filterState'];
  /** Before a filter chain is chosen: what the listener filters found. */
  readonly detected?: Detected;
  readonly runtime?: Runtime | undefined;
}

/** What expressions may ask of a stream. */
export const celFactsOf = ({
  request,
  connection,
  response,
  log = {},
  dynamicMetadata = {},
  filterState = new Map<string, never>(),
}: MatchFacts): CelFacts => ({
  request,
  response: response?.headers,
  trailers: response?.trailers,
  log,
  dynamicMetadata,
  filterState,
  localAddress: connection?.localAddress ?? '',
  remoteAddress: connection?.remoteAddress ?? '',
  requestedServerName: connection?.tls?.sni,
  hasClientCertificate: connection?.tls?.peer !== undefined,
});
