import type { ConfigNode } from '../config_node.ts';
import { sansOf, type Certificate } from '../network/certificate.ts';
import type { Connection } from '../seams.ts';
import { compileMatchTree } from '../matching/match_tree.ts';
import type { HeaderMap } from './header_map.ts';

const HEADER = 'x-forwarded-client-cert';

/** Tells or keeps from the upstream who the client is by its certificate. */
export type ForwardClientCert = (headers: HeaderMap, connection: Connection) => void;

/** `forward_client_cert_details` and what of the certificate is told, or what `forward_client_cert_matcher` says instead. */
export function compileForwardClientCert(node: ConfigNode): ForwardClientCert {
  const usual = compileMode(node);
  const matcher = node.child('forward_client_cert_matcher');
  if (!matcher) return usual;
  const tree = compileMatchTree(matcher);
  const chosen = new Map<ConfigNode, ForwardClientCert>();
  return (headers, connection) => {
    const action = tree({ request: headers, connection });
    if (!action) return usual(headers, connection);
    const forward = chosen.get(action) ?? compileMode(action);
    chosen.set(action, forward);
    forward(headers, connection);
  };
}

/** conn_manager_utility.cc, mutateXfccRequestHeader. */
function compileMode(node: ConfigNode): ForwardClientCert {
  const mode = node.text('forward_client_cert_details') ?? 'SANITIZE';
  const told = node.child('set_current_client_cert_details');
  const details = DETAILS.filter(([name]) => told?.flag(name) === true);
  return (headers, { tls }) => {
    if (mode === 'ALWAYS_FORWARD_ONLY') return;
    const peer = tls?.peer;
    if (mode === 'SANITIZE' || !peer) return headers.remove(HEADER);
    if (mode === 'FORWARD_ONLY') return;
    const own = [
      ...(tls.local ? sansOf(tls.local, 'URI').map((uri) => `By=${uri}`) : []),
      'Hash=<hash>',
      ...details.flatMap(([, write]) => write(peer)),
    ].join(';');
    const before = headers.all(HEADER);
    headers.set(HEADER, mode === 'APPEND_FORWARD' ? [...before, own].join(',') : own);
  };
}

/** In the order in which they are written. Simplified: there are no keys here, and so no certificate that could be written out (`cert`, `chain`). */
const DETAILS: readonly (readonly [string, (peer: Certificate) => string | readonly string[]])[] = [
  ['subject', ({ cn }) => `Subject="CN=${cn}"`],
  // The key is there without a value, too.
  [
    'uri',
    (peer) => {
      const uris = sansOf(peer, 'URI');
      return uris.length === 0 ? 'URI=' : uris.map((uri) => `URI=${uri}`);
    },
  ],
  ['dns', (peer) => sansOf(peer, 'DNS').map((name) => `DNS=${name}`)],
  ['issuer', ({ issuer }) => `Issuer="CN=${issuer}"`],
];
