import type { ConfigNode } from '../../../config_node.ts';
import { sansOf, type Certificate } from '../../../network/certificate.ts';
import type { ClientHello, ServerHello } from '../../../network/payload.ts';
import type {
  DownstreamTransportSocket,
  Handshake,
  TransportSocketServices,
} from '../../../network/transport_socket.ts';
import { compileContext, VERSIONS, versionOf, type TlsContext, type TlsVersion, type Validation } from './context.ts';
import { ERRORS, isAcceptedUntrusted, rejectionOf } from './verify.ts';

/** `DownstreamTlsContext`: which certificate is shown, what is asked of the client, and who gets in. */
export function compileDownstream(config: ConfigNode, services: TransportSocketServices): DownstreamTransportSocket {
  const common = config.child('common_tls_context');
  const contextNow = compileContext(common, services);
  const params = common?.child('tls_params');
  const least = versionOf(params?.text('tls_minimum_protocol_version'), 'TLSv1.2');
  const most = versionOf(params?.text('tls_maximum_protocol_version'), 'TLSv1.3');
  const requiresCertificate = config.flag('require_client_certificate');
  return {
    handshake: (hello) => {
      const context = contextNow();
      if (!context.isReady) return { failure: ERRORS.secretNotSupplied, counter: 'connection_error' };
      const version = agreedVersion(hello, least, most);
      if (!version) return { failure: ERRORS.unsupportedProtocol, counter: 'connection_error' };
      return handshake(hello, context, { version, requiresCertificate, services });
    },
  };
}

function agreedVersion(hello: ClientHello, least: TlsVersion, most: TlsVersion): TlsVersion | undefined {
  const offered = (hello.maxVersion ?? 'TLSv1.3') as TlsVersion;
  const best = Math.min(VERSIONS.indexOf(offered), VERSIONS.indexOf(most));
  return best < VERSIONS.indexOf(least) ? undefined : VERSIONS[best];
}

function handshake(
  hello: ClientHello,
  context: TlsContext,
  how: { version: TlsVersion; requiresCertificate: boolean; services: TransportSocketServices },
): Handshake {
  const { validation } = context;
  const asks = asksForCertificate(validation);
  const peer = asks ? how.services.certificates.get(hello.clientCertificate ?? '') : undefined;
  if (asks && how.requiresCertificate && !peer)
    return { failure: ERRORS.noClientCertificate, counter: 'fail_verify_no_cert' };
  const rejection = peer && rejectionOf(peer, validation);
  if (rejection) return { failure: ERRORS.certificateVerifyFailed(rejection.reason), counter: rejection.counter };
  const local = certificateFor(hello.sni, context.certificates);
  const negotiatedAlpn = context.alpn.find((one) => hello.alpn?.includes(one));
  return {
    tls: {
      ...hello,
      version: how.version,
      ...(local && { local }),
      ...(peer && { peer, isPeerValidated: isValidated(peer, validation) }),
      ...(negotiatedAlpn !== undefined && { negotiatedAlpn }),
    },
    shown: shownBy(local, negotiatedAlpn),
    ...(peer && isAcceptedUntrusted(peer, validation) && { counter: 'fail_verify_error' }),
  };
}

const isValidated = (peer: Certificate, validation: Validation | undefined): boolean =>
  validation?.trustedCa !== undefined && !isAcceptedUntrusted(peer, validation);

const shownBy = (local: Certificate | undefined, alpn: string | undefined): ServerHello => ({
  cn: local?.cn ?? '',
  ...(alpn !== undefined && { alpn }),
});

/** Only who has something to check it against asks for a certificate. */
const asksForCertificate = (validation: Validation | undefined): boolean =>
  validation !== undefined &&
  (validation.trustedCa !== undefined || validation.sanMatchers.length > 0 || validation.pinsHash);

/** By the server name as it is written; one that nobody has, or none, gets the first: tls/default_tls_certificate_selector.cc. */
function certificateFor(sni: string | undefined, certificates: readonly Certificate[]): Certificate | undefined {
  const names = (one: Certificate): string[] => {
    const dns = sansOf(one, 'DNS');
    return one.sans.length === 0 ? [one.cn] : dns;
  };
  const asked = sni === undefined ? [] : [sni, `*${sni.slice(sni.indexOf('.'))}`];
  const found = asked.map((name) => certificates.find((one) => names(one).includes(name)));
  return found.find((one) => one !== undefined) ?? certificates[0];
}
