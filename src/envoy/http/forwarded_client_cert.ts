import type { ConfigNode } from '../config_node.ts';
import { sansOf, type Certificate } from '../network/certificate.ts';
import type { Connection } from '../seams.ts';
import type { HeaderMap } from './header_map.ts';

const HEADER = 'x-forwarded-client-cert';

/** `forward_client_cert_details` and what of the certificate is told. */
export interface ForwardClientCert {
  readonly mode: string;
  /** The parts of `set_current_client_cert_details`, in the order in which they are written. */
  readonly details: readonly string[];
}

export function compileForwardClientCert(node: ConfigNode): ForwardClientCert {
  const details = node.child('set_current_client_cert_details');
  return {
    mode: node.text('forward_client_cert_details') ?? 'SANITIZE',
    details: ['cert', 'chain', 'subject', 'uri', 'dns'].filter((name) => details?.flag(name) === true),
  };
}

/** Who the client is by its certificate, told or kept from the upstream: conn_manager_utility.cc, mutateXfccRequestHeader. */
export function forwardClientCert(headers: HeaderMap, { tls }: Connection, { mode, details }: ForwardClientCert): void {
  if (mode === 'ALWAYS_FORWARD_ONLY') return;
  const peer = tls?.peer;
  if (mode === 'SANITIZE' || !peer) return headers.remove(HEADER);
  if (mode === 'FORWARD_ONLY') return;
  const own = [
    ...(tls.local ? sansOf(tls.local, 'URI').map((uri) => `By=${uri}`) : []),
    'Hash=<hash>',
    ...details.flatMap((name) => DETAILS[name]?.(peer) ?? []),
  ].join(';');
  const before = headers.all(HEADER);
  headers.set(HEADER, mode === 'APPEND_FORWARD' ? [...before, own].join(',') : own);
}

/** Simplified: there are no keys here, and so no certificate that could be written out (`cert`, `chain`). */
const DETAILS: Readonly<Record<string, (peer: Certificate) => string | readonly string[]>> = {
  subject: ({ cn }) => `Subject="CN=${cn}"`,
  // The key is there without a value, too.
  uri: (peer) => {
    const uris = sansOf(peer, 'URI');
    return uris.length === 0 ? 'URI=' : uris.map((uri) => `URI=${uri}`);
  },
  dns: (peer) => sansOf(peer, 'DNS').map((name) => `DNS=${name}`),
};
