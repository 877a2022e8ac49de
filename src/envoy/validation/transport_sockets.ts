import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, refuseIf, typeOf, type Check } from './check.ts';

const DOWNSTREAM = '.tls.v3.DownstreamTlsContext';
const UPSTREAM = '.tls.v3.UpstreamTlsContext';

/** `config.listener.v3.FilterChain`: the server's side of TLS. */
export const checkFilterChain: Check = (node) =>
  wrongSide(node, UPSTREAM, 'a listener ends TLS, so it wants a DownstreamTlsContext');

/** `config.cluster.v3.Cluster`: the client's side of TLS. */
export const checkClusterSocket: Check = (node) => [
  ...wrongSide(node, DOWNSTREAM, 'a cluster begins TLS, so it wants an UpstreamTlsContext'),
  ...checkAutoConfig(node),
];

/** One that goes around another asks that. */
function supportsAlpn(socket: ConfigNode | undefined): boolean {
  const config = socket?.child('typed_config');
  if (!config) return false;
  const type = typeOf(config);
  return (
    type.endsWith(UPSTREAM) || type.endsWith('.QuicUpstreamTransport') || supportsAlpn(config.child('transport_socket'))
  );
}

/** `auto_config` lets ALPN decide, and ALPN is of TLS: upstream_impl.cc, validateTransportSocketSupportsAlpn. */
function checkAutoConfig(node: ConfigNode): Diagnostic[] {
  const options = node
    .child('typed_extension_protocol_options')
    ?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions');
  const sockets = [node, ...node.list('transport_socket_matches')].map((one) => one.child('transport_socket'));
  if (options?.has('auto_config') !== true || sockets.every(supportsAlpn)) return NONE;
  return problem(
    'auto_config',
    options,
    ['auto_config'],
    'ALPN chooses the protocol, and this cluster has no TLS for it.',
    {
      help: 'Give it a `transport_socket` with TLS, or say the protocol by `explicit_http_config`.',
      envoySays: `ALPN configured for cluster ${node.text('name') ?? ''} which has a non-ALPN transport socket`,
    },
  );
}

function wrongSide(node: ConfigNode, suffix: string, words: string): Diagnostic[] {
  const socket = node.child('transport_socket');
  const type = typeOf(socket?.child('typed_config'));
  if (!type.endsWith(suffix)) return NONE;
  return problem('transport_socket', node, ['transport_socket'], `This is the other side of TLS: ${words}.`, {
    envoySays: `Didn't find a registered implementation for '${socket?.text('name') ?? ''}' with type URL: '${type}'`,
  });
}

/** `DownstreamTlsContext`: a server needs a certificate. */
export const checkDownstreamTls: Check = (node) => {
  const common = node.child('common_tls_context');
  const hasCertificate = [
    'tls_certificates',
    'tls_certificate_sds_secret_configs',
    'tls_certificate_provider_instance',
    'tls_certificate_certificate_provider',
    'tls_certificate_certificate_provider_instance',
    'custom_tls_certificate_selector',
  ].some((name) => common?.has(name));
  if (hasCertificate) return NONE;
  return problem('certificate', node, [], 'A server without a certificate cannot speak TLS.', {
    help: 'Give `common_tls_context` a `tls_certificates` entry.',
    envoySays: 'No TLS certificates found for server context',
  });
};

/** `trusted_ca`: certificates, and no key. */
export const checkTrustedCa: Check = (node) => {
  const file = node.child('trusted_ca')?.text('filename') ?? '';
  return refuseIf(
    /^certs\/.+\.key$/.test(file),
    node,
    ['trusted_ca', 'filename'],
    `\`trusted_ca\` is a certificate, and \`${file}\` holds a key.`,
    `Failed to load trusted CA certificates from ${file}`,
  );
};

/** `CertificateValidationContext`: names count only where a CA is trusted. */
export const checkValidationContext: Check = (node) => {
  const names = ['match_typed_subject_alt_names', 'match_subject_alt_names'].find((name) => node.list(name).length > 0);
  const trusts =
    node.has('trusted_ca') || node.has('ca_certificate_provider_instance') || node.has('custom_validator_config');
  if (names === undefined || trusts) return NONE;
  return problem(
    'validation',
    node,
    [names],
    'Names are checked only in certificates that a trusted CA has signed, and `trusted_ca` is missing.',
    {
      envoySays: 'SAN-based verification of peer certificates without trusted CA is insecure and not allowed',
    },
  );
};

/** `TlsCertificate`: what is written inline has to be PEM, and a key belongs to its certificate. */
export const checkCertificate: Check = (node) => [...checkWhole(node), ...checkPem(node), ...checkPair(node)];

/** A certificate is shown by who has its key. */
function checkWhole(node: ConfigNode): Diagnostic[] {
  const hasKey = ['private_key', 'private_key_provider', 'pkcs12'].some((field) => node.has(field));
  const hasChain = node.has('certificate_chain') || node.has('pkcs12');
  return [
    ...refuseIf(
      hasChain && !hasKey,
      node,
      [],
      'The certificate has no `private_key`.',
      `Failed to load incomplete private key from path: ${node.child('private_key')?.text('filename') ?? ''}`,
    ),
    ...refuseIf(
      hasKey && !hasChain,
      node,
      [],
      'The key has no certificate: `certificate_chain` is missing.',
      'Failed to load incomplete certificate from : certificate chain not set',
    ),
  ];
}

/** Where certificates are made, `certs/NAME.pem` and `certs/NAME.key` are a pair. */
const PAIRED = /^certs\/(.+)\.(?:pem|key)$/;

function checkPair(node: ConfigNode): Diagnostic[] {
  const nameOf = (field: string): string | undefined => PAIRED.exec(node.child(field)?.text('filename') ?? '')?.[1];
  const [certificate, key] = [nameOf('certificate_chain'), nameOf('private_key')];
  if (certificate === undefined || key === undefined || certificate === key) return NONE;
  return problem(
    'key',
    node,
    ['private_key'],
    `The key of \`${key}\` does not fit the certificate of \`${certificate}\`.`,
    {
      help: `Name \`certs/${certificate}.key\`.`,
      envoySays: `Failed to load private key from certs/${key}.key, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH`,
    },
  );
}

const checkPem = (node: ConfigNode): Diagnostic[] =>
  (['certificate_chain', 'private_key'] as const).flatMap((field) => {
    const text = node.child(field)?.text('inline_string');
    if (text === undefined || text.includes('-----BEGIN ')) return NONE;
    return problem('certificate', node, [field], `This is no PEM text: it begins with "${text.slice(0, 20)}".`, {
      help: 'Paste the whole of it, from -----BEGIN to the last -----END.',
      envoySays:
        field === 'certificate_chain'
          ? 'Failed to load certificate chain from <inline>'
          : 'Failed to load private key from <inline>',
    });
  });

const CIPHER = /^[\w-]+(:[\w-]+)*$|^\[.*\]$/;
const CIPHER_WORDS = /(ECDHE|AES|CHACHA20|TLS_|^!|^-|^\+|ALL|HIGH|RSA)/;

/** `TlsParameters`. */
export const checkTlsParameters: Check = (node) =>
  node.texts('cipher_suites').flatMap((suite, i) =>
    CIPHER.test(suite) && CIPHER_WORDS.test(suite)
      ? NONE
      : problem('cipher_suites', node, ['cipher_suites', i], `BoringSSL knows no cipher suite \`${suite}\`.`, {
          envoySays: `Failed to initialize cipher suites ${suite}`,
        }),
  );
