import type { DeltaResponse, DiscoveryResponse, XdsRequest, XdsResponse, XdsType } from '#xds';
import type { Trace } from '../trace.ts';

const WHAT: Readonly<Record<XdsType, string>> = {
  cds: 'clusters',
  eds: 'endpoints',
  lds: 'listeners',
  rds: 'route configurations',
  srds: 'scoped routes',
  vhds: 'virtual hosts',
  sds: 'secrets',
  rtds: 'runtime layers',
  ecds: 'extension configurations',
};

const namesText = (names: readonly string[]): string =>
  names.length === 0 ? 'all' : names.map((name) => `\`${name}\``).join(', ');

/** A request without a nonce asks; one with a nonce answers, and is told with its verdict. */
export function tellRequest(request: XdsRequest, trace: Trace | undefined): void {
  if (!trace) return;
  const asks =
    request.mode === 'sotw'
      ? `${namesText(request.names)} (at version "${request.version}")`
      : [
          ...(request.subscribe.length > 0 ? [`also ${namesText(request.subscribe)}`] : []),
          ...(request.unsubscribe.length > 0 ? [`no longer ${namesText(request.unsubscribe)}`] : []),
        ].join(', ') || 'all';
  const answers = request.error !== undefined ? 'NACK' : 'ACK';
  trace.record({
    kind: request.nonce === '' ? 'xds_request_sent' : request.error === undefined ? 'xds_ack_sent' : 'xds_nack_sent',
    state: request.error === undefined ? 'info' : 'failed',
    sentence:
      request.nonce === ''
        ? `${request.type}: Envoy asks for ${WHAT[request.type]}: ${asks}.`
        : `${request.type}: ${answers} of the response ${request.nonce}; wanted: ${asks}.`,
  });
}

export function tellResponse(response: XdsResponse, trace: Trace | undefined): void {
  if (!trace) return;
  const names = response.resources.map((one) => one.name);
  const gone = response.mode === 'delta' && response.removed.length > 0 ? `; gone: ${namesText(response.removed)}` : '';
  trace.record({
    kind: 'xds_response_received',
    state: 'info',
    sentence: `${response.type}: the response ${response.nonce} brings version "${response.version}": ${names.length === 0 ? 'nothing' : namesText(names)}${gone}.`,
  });
}

export function tellVerdict(
  { type, version, nonce }: DiscoveryResponse | DeltaResponse,
  refusal: string | undefined,
  trace: Trace | undefined,
): void {
  trace?.record(
    refusal === undefined
      ? {
          kind: 'xds_update_accepted',
          state: 'matched',
          sentence: `${type}: version "${version}" (${nonce}) is taken.`,
        }
      : {
          kind: 'xds_update_rejected',
          state: 'failed',
          sentence: `${type}: version "${version}" (${nonce}) is refused: ${refusal.replace(/\.$/, '')}.`,
        },
  );
}
