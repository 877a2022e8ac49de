import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, type Check } from './check.ts';

/** What BoringSSL knows: ssl/ssl_key_share.cc and ssl/ssl_privkey.cc. */
const KNOWN = {
  ecdh_curves: {
    names: new Set([
      'P-224',
      'P-256',
      'P-384',
      'P-521',
      'X25519',
      'X25519Kyber768Draft00',
      'X25519MLKEM768',
      'MLKEM1024',
    ]),
    word: 'curve',
    says: 'ECDH curves',
  },
  signature_algorithms: {
    names: new Set(
      'rsa_pkcs1_sha1 rsa_pkcs1_sha256 rsa_pkcs1_sha384 rsa_pkcs1_sha512 ecdsa_sha1 ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ecdsa_secp521r1_sha512 rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512 ed25519'.split(
        ' ',
      ),
    ),
    word: 'signature algorithm',
    says: 'TLS signature algorithms',
  },
} as const;

/** `TlsParameters`: names of curves and of algorithms. */
export const checkAlgorithms: Check = (node) =>
  (['ecdh_curves', 'signature_algorithms'] as const).flatMap((field) => {
    const { names, word, says } = KNOWN[field];
    const all = node.texts(field);
    return all.flatMap((name, i) =>
      names.has(name)
        ? NONE
        : problem(field, node, [field, i], `BoringSSL knows no ${word} \`${name}\`.`, {
            help: `It knows ${[...names].join(', ')}.`,
            envoySays: `Failed to initialize ${says} ${all.join(':')}`,
          }),
    );
  });

const MAX_ALPN_LENGTH = 255;

/** `CommonTlsContext`. */
export const checkCommonTls: Check = (node) =>
  node.texts('alpn_protocols').flatMap((name, i) =>
    (name.length > 0 || node.texts('alpn_protocols').length === 1) && name.length <= MAX_ALPN_LENGTH
      ? NONE
      : problem('alpn', node, ['alpn_protocols', i], `A protocol of ALPN has 1 to ${MAX_ALPN_LENGTH} letters.`, {
          envoySays: 'Invalid ALPN protocol string',
        }),
  );

/** `CertificateValidationContext`: what counts only where a CA is trusted. */
export const checkTrust: Check = (node) => {
  if (node.has('trusted_ca') || node.has('ca_certificate_provider_instance') || node.has('custom_validator_config'))
    return NONE;
  const expired = node.flag('allow_expired_certificate')
    ? problem(
        'validation',
        node,
        ['allow_expired_certificate'],
        'Without `trusted_ca` nobody looks whether a certificate has run out.',
        { envoySays: 'Certificate validity period is always ignored without trusted CA' },
      )
    : NONE;
  const crl = node.has('crl')
    ? problem('validation', node, ['crl'], 'A list of what a CA has revoked needs the CA: `trusted_ca`.', {
        envoySays: 'Failed to load CRL from <inline> without trusted CA',
      })
    : NONE;
  return [...expired, ...crl];
};

const TICKET_KEY_LENGTH = 80;

/** `DownstreamTlsContext`: staples and keys of tickets. */
export const checkDownstreamOptions: Check = (node) => {
  const certificates = node.child('common_tls_context')?.list('tls_certificates') ?? [];
  const isUnstapled = certificates.some((one) => !one.has('ocsp_staple'));
  const staple =
    node.text('ocsp_staple_policy') === 'MUST_STAPLE' && isUnstapled
      ? problem('ocsp', node, ['ocsp_staple_policy'], 'Each certificate needs an `ocsp_staple` under MUST_STAPLE.', {
          envoySays: 'Required OCSP response is missing from TLS context',
        })
      : NONE;
  const keys = node.child('session_ticket_keys')?.list('keys') ?? [];
  return [...staple, ...keys.flatMap(checkTicketKey)];
};

function checkTicketKey(key: ConfigNode): Diagnostic[] {
  const text = key.text('inline_string');
  if (text === undefined || text.length === TICKET_KEY_LENGTH) return NONE;
  return problem('ticket_key', key, ['inline_string'], `A key of session tickets has ${TICKET_KEY_LENGTH} bytes.`, {
    help: `Make one with \`openssl rand ${TICKET_KEY_LENGTH}\`.`,
    envoySays: `Incorrect TLS session ticket key length. Length ${text.length}, expected length ${TICKET_KEY_LENGTH}.`,
  });
}

/** `UpstreamTlsContext`. */
export const checkUpstreamTls: Check = (node) => {
  const common = node.child('common_tls_context');
  const isChecked = ['validation_context', 'validation_context_sds_secret_config', 'combined_validation_context'].some(
    (field) => common?.has(field) === true,
  );
  const names =
    node.flag('auto_sni_san_validation') && !isChecked
      ? problem('validation', node, ['auto_sni_san_validation'], 'Nothing says whose certificates are to be trusted.', {
          help: 'Give `common_tls_context` a `validation_context`.',
          envoySays: "'auto_sni_san_validation' was configured without a validation context",
        })
      : NONE;
  const sni = node.text('sni')?.includes('\0')
    ? problem('sni', node, ['sni'], 'A server name has no NUL in it.', {
        envoySays: 'SNI names containing NULL-byte are not allowed',
      })
    : NONE;
  const several =
    (common?.list('tls_certificates').length ?? 0) > 1
      ? problem('certificate', node, ['common_tls_context', 'tls_certificates', 1], 'A client shows one certificate.', {
          envoySays: 'Multiple TLS certificates are not supported for client contexts',
        })
      : NONE;
  return [...names, ...sni, ...several];
};

/** `SubjectAltNameMatcher`. */
export const checkSanMatcher: Check = (node) => {
  if (node.text('san_type') !== 'OTHER_NAME' || (node.text('oid') ?? '') !== '') return NONE;
  return problem('san_type', node, ['san_type'], 'OTHER_NAME has kinds of its own: `oid` says which.', {
    envoySays: 'Failed to create SAN matcher for OTHER_NAME with OID:',
  });
};
