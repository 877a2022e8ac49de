import type { Certificate } from '../../../network/certificate.ts';
import type { HandshakeCounter } from '../../../network/transport_socket.ts';
import type { Validation } from './context.ts';
import { bareNames, isDnsMatch } from '../../../matching/subject_alt_names.ts';

export interface Rejection {
  readonly reason: string;
  readonly counter: HandshakeCounter;
}

const listed = (names: readonly string[]): string => `[${names.join(', ')}]`;

/** Why a certificate is not taken, in Envoy's order and words: tls/cert_validator/default_validator.cc. */
export function rejectionOf(
  certificate: Certificate,
  validation: Validation | undefined,
  verifySans: readonly string[] = [],
): Rejection | undefined {
  if (!validation) return undefined;
  const chain = validation.acceptsUntrusted ? undefined : chainFault(certificate, validation);
  if (chain !== undefined)
    return {
      reason: `verify cert failed: X509_verify_cert: certificate verification error at depth 0: ${chain}`,
      counter: 'fail_verify_error',
    };
  const names = bareNames(certificate);
  if (verifySans.length > 0 && !names.some((name) => verifySans.some((wanted) => isDnsMatch(wanted, name))))
    return {
      reason: `verify cert failed: verify SAN list, expected SANs: ${listed(verifySans)}, certificate SANs: ${listed(names)}`,
      counter: 'fail_verify_san',
    };
  if (validation.sanMatchers.length > 0 && !validation.sanMatchers.some((matches) => matches(certificate)))
    return {
      reason: `verify cert failed: SAN matcher, certificate SANs are ${listed(names)}`,
      counter: 'fail_verify_san',
    };
  return validation.pinsHash
    ? { reason: 'verify cert failed: cert hash and spki', counter: 'fail_verify_cert_hash' }
    : undefined;
}

/** Whether a certificate is let in that is not trusted. */
export const isAcceptedUntrusted = (certificate: Certificate, validation: Validation | undefined): boolean =>
  validation?.acceptsUntrusted === true && chainFault(certificate, validation) !== undefined;

/** What is wrong with the chain up to the trusted CA. */
function chainFault({ name, ca, days }: Certificate, { trustedCa, allowsExpired }: Validation): string | undefined {
  if (trustedCa === undefined) return undefined;
  if (name !== trustedCa && ca !== trustedCa)
    return ca === name ? 'self signed certificate' : 'unable to get local issuer certificate';
  return days < 0 && !allowsExpired ? 'certificate has expired' : undefined;
}

/** An error of BoringSSL as UPSTREAM_TRANSPORT_FAILURE_REASON shows it: blanks become underscores. */
const tlsError = (code: number, name: string, detail = ''): string =>
  `TLS_error:|${code}:SSL routines:OPENSSL_internal:${name}${detail === '' ? '' : `:${detail}`}:TLS_error_end`.replaceAll(
    ' ',
    '_',
  );

/** BoringSSL's numbers: ERR_LIB_SSL (16) and a reason. */
export const ERRORS = {
  certificateVerifyFailed: (detail: string) => tlsError(268_435_581, 'CERTIFICATE_VERIFY_FAILED', detail),
  wrongVersionNumber: tlsError(268_435_703, 'WRONG_VERSION_NUMBER'),
  handshakeFailure: tlsError(268_436_496, 'SSLV3_ALERT_HANDSHAKE_FAILURE'),
  unknownCa: tlsError(268_436_504, 'TLSV1_ALERT_UNKNOWN_CA'),
  certificateExpired: tlsError(268_436_501, 'SSLV3_ALERT_CERTIFICATE_EXPIRED'),
  protocolVersion: tlsError(268_436_526, 'TLSV1_ALERT_PROTOCOL_VERSION'),
  noApplicationProtocol: tlsError(268_436_576, 'TLSV1_ALERT_NO_APPLICATION_PROTOCOL'),
  unsupportedProtocol: tlsError(268_435_696, 'UNSUPPORTED_PROTOCOL'),
  noClientCertificate: tlsError(268_435_655, 'PEER_DID_NOT_RETURN_A_CERTIFICATE'),
  secretNotSupplied: 'TLS_error:_Secret_is_not_supplied_by_SDS',
};
