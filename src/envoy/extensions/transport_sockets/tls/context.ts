import type { ConfigNode } from '../../../config_node.ts';
import { certificateName, type Certificate } from '../../../network/certificate.ts';
import type { TransportSocketServices } from '../../../network/transport_socket.ts';
import { compileSanMatchers, type SanMatcher } from '../../../matching/subject_alt_names.ts';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
export const VERSIONS: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** What a certificate of the other side has to be like. */
export interface Validation {
  /** The CA that it has to come from; undefined where any will do. */
  readonly trustedCa: string | undefined;
  readonly sanMatchers: readonly SanMatcher[];
  /** Hashes are asked for: without cryptography none is ever equal. */
  readonly pinsHash: boolean;
  readonly acceptsUntrusted: boolean;
  readonly allowsExpired: boolean;
}

/** A `CommonTlsContext` with its secrets filled in, as it stands at one handshake. */
export interface TlsContext {
  readonly certificates: readonly Certificate[];
  readonly validation: Validation | undefined;
  readonly alpn: readonly string[];
  /** A secret has not come yet: nobody gets in. */
  readonly isReady: boolean;
}

export const versionOf = (name: string | undefined, otherwise: TlsVersion): TlsVersion =>
  name === undefined || name === 'TLS_AUTO' ? otherwise : (name.replace('_', '.') as TlsVersion);

/** Reads a context once; secrets are looked up each time, for they may change. */
export function compileContext(node: ConfigNode | undefined, services: TransportSocketServices): () => TlsContext {
  const alpn = node?.texts('alpn_protocols') ?? [];
  const certificates = (node?.list('tls_certificates') ?? []).flatMap((one) => certificateOf(one, services));
  const combined = node?.child('combined_validation_context');
  const fixed = node?.child('validation_context') ?? combined?.child('default_validation_context');
  const validation = fixed && compileValidation(fixed);
  const secrets = {
    certificates: (node?.list('tls_certificate_sds_secret_configs') ?? []).map(nameOf),
    validation: [node, combined].flatMap((one) => one?.child('validation_context_sds_secret_config') ?? []).map(nameOf),
  };
  const context = { certificates, validation, alpn, isReady: true };
  const isFixed = secrets.certificates.length + secrets.validation.length === 0;
  return isFixed ? () => context : () => withSecrets(context, secrets, services);
}

/** The context with what the secrets of these names hold now. */
function withSecrets(
  context: TlsContext,
  names: { readonly certificates: readonly string[]; readonly validation: readonly string[] },
  services: TransportSocketServices,
): TlsContext {
  const shown = names.certificates.map((name) => services.secrets.get(name)?.child('tls_certificate'));
  const checks = names.validation.map((name) => services.secrets.get(name)?.child('validation_context'));
  return {
    ...context,
    certificates: [...context.certificates, ...shown.flatMap((one) => (one ? certificateOf(one, services) : []))],
    validation: checks.reduce<Validation | undefined>(
      (all, one) => mergedValidation(all, one && compileValidation(one)),
      context.validation,
    ),
    isReady: [...shown, ...checks].every((one) => one !== undefined),
  };
}

const nameOf = (secret: ConfigNode): string => secret.text('name') ?? '';

function certificateOf(node: ConfigNode, { certificates }: TransportSocketServices): Certificate[] {
  const file = node.child('certificate_chain')?.text('filename');
  const found = file === undefined ? undefined : certificates.get(certificateName(file));
  return found ? [found] : [];
}

function compileValidation(node: ConfigNode): Validation {
  const file = node.child('trusted_ca')?.text('filename');
  return {
    trustedCa: file === undefined ? undefined : certificateName(file),
    sanMatchers: compileSanMatchers(node),
    pinsHash: node.texts('verify_certificate_hash').length + node.texts('verify_certificate_spki').length > 0,
    acceptsUntrusted: node.text('trust_chain_verification') === 'ACCEPT_UNTRUSTED',
    allowsExpired: node.flag('allow_expired_certificate'),
  };
}

/** What comes by SDS adds to what is fixed: combined_validation_context. */
function mergedValidation(fixed: Validation | undefined, dynamic: Validation | undefined): Validation | undefined {
  if (!fixed || !dynamic) return fixed ?? dynamic;
  return {
    trustedCa: dynamic.trustedCa ?? fixed.trustedCa,
    sanMatchers: [...fixed.sanMatchers, ...dynamic.sanMatchers],
    pinsHash: fixed.pinsHash || dynamic.pinsHash,
    acceptsUntrusted: fixed.acceptsUntrusted || dynamic.acceptsUntrusted,
    allowsExpired: fixed.allowsExpired || dynamic.allowsExpired,
  };
}
