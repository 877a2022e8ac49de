import type { TransportSocketFactory } from '../../../network/transport_socket.ts';
import { compileDownstream } from './downstream.ts';
import { compileUpstream } from './upstream.ts';

/** TLS by facts: names, issuers and dates of certificates, versions and protocols; no cryptography. */
export const tlsFactory: TransportSocketFactory = {
  name: 'envoy.transport_sockets.tls',
  types: [
    'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  ],
  fidelity: {
    level: 'partial',
    notSimulated: ['crl', 'verify_certificate_hash', 'verify_certificate_spki', 'cipher_suites', 'ocsp_staple_policy'],
  },
  downstream: compileDownstream,
  upstream: compileUpstream,
};
