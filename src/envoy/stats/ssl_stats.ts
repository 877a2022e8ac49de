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

/** Simplified: what both ends prefer where nobody has a list of his own. */
const CIPHERS: Readonly<Record<string, string>> = {
  'TLSv1.3': 'TLS_AES_256_GCM_SHA384',
  'TLSv1.2': 'ECDHE-RSA-AES128-GCM-SHA256',
};

export const cipherOf = (version: string | undefined): string | undefined => CIPHERS[version ?? ''];

/** What a finished handshake counts below `ssl.`, beside itself: tls/stats.cc, chargeStat. */
export const handshakeStats = (version: string | undefined): string[] =>
  version === undefined ? [] : [`versions.${version}`, `ciphers.${CIPHERS[version] ?? 'unknown'}`, 'curves.X25519'];
