import type { ConfigNode } from '../config_node.ts';
import type { Failure } from './retry_policy.ts';

export interface LocalReply {
  readonly status: number;
  readonly flag: string;
  readonly details: string;
  readonly body: string;
  readonly transportFailure?: string;
}

const PREFIX = 'upstream connect error or disconnect/reset before headers. ';
const REFUSED = 'delayed_connect_error:_Connection_refused';

/** What Envoy answers itself when no upstream did: router.cc, onUpstreamReset and onUpstreamTimeoutAbort. */
export function localReplyOf(
  failure: Failure,
  isRetry: boolean,
  details?: string,
  transportFailure = REFUSED,
): LocalReply {
  const because = (reason: string): string =>
    `${PREFIX}${isRetry ? 'retried and the latest reset' : 'reset'} reason: ${reason}`;
  switch (failure) {
    case 'refused':
    case 'unbound': {
      const whose = failure === 'refused' ? 'remote' : 'local';
      return {
        status: 503,
        flag: 'UF',
        body: because(`${whose} connection failure`),
        details: `upstream_reset_before_response_started{${whose}_connection_failure|${transportFailure}}`,
        transportFailure,
      };
    }
    case 'reset':
      return {
        status: 503,
        flag: 'UC',
        body: because('connection termination'),
        details: 'upstream_reset_before_response_started{connection_termination}',
      };
    case 'overflow':
      return {
        status: 503,
        flag: 'UO',
        body: because('overflow'),
        details: 'upstream_reset_before_response_started{overflow}',
      };
    case 'protocol_error':
      return {
        status: 502,
        flag: 'UPE',
        body: because('protocol error'),
        details: 'upstream_reset_before_response_started{protocol_error}',
      };
    case 'remote_reset':
      return {
        status: 503,
        flag: 'UR',
        body: because('remote reset'),
        details: 'upstream_reset_before_response_started{remote_reset}',
      };
    case 'per_try_timeout':
      return {
        status: 504,
        flag: 'UT',
        body: 'upstream request timeout',
        details: details ?? 'upstream_per_try_timeout',
      };
  }
}

const STATUS_WITHOUT_CLUSTER: Readonly<Record<string, number>> = { NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 };

/** The status of a request whose route names no cluster that is there: `cluster_not_found_response_code`. */
export const statusWithoutCluster = (action: ConfigNode): number =>
  STATUS_WITHOUT_CLUSTER[action.text('cluster_not_found_response_code') ?? ''] ?? 503;
