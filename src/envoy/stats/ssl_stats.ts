import type { ConfigNode } from '../config_node.ts';
import type { StatsStore } from './store.ts';

/** What a TLS socket counts from the start: source/common/tls/stats.h. */
const NAMES = [
  'connection_error',
  'fail_verify_cert_hash',
  'fail_verify_error',
  'fail_verify_no_cert',
  'fail_verify_san',
  'handshake',
  'no_certificate',
  'ocsp_staple_failed',
  'ocsp_staple_omitted',
  'ocsp_staple_requests',
  'ocsp_staple_responses',
  'session_reused',
  'was_key_usage_invalid',
];

/** Declares `ssl.…` below a prefix where one of these sockets speaks TLS. */
export function declareSslStats(store: StatsStore, prefix: string, sockets: readonly (ConfigNode | undefined)[]): void {
  const isTls = sockets.some((socket) => socket?.child('typed_config')?.text('@type')?.endsWith('TlsContext') === true);
  if (isTls) store.declare(...NAMES.map((name) => `${prefix}ssl.${name}`));
}
