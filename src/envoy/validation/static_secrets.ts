import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, refuseIf, type Check } from './check.ts';

const KINDS: Readonly<Record<string, string>> = {
  tls_certificate: 'TlsCertificate',
  validation_context: 'CertificateValidationContext',
  session_ticket_keys: 'TlsSessionTicketKeys',
  generic_secret: 'GenericSecret',
};

/** The secrets of the bootstrap: secret_manager_impl.cc, addStaticSecret. */
export function checkStaticSecrets(secrets: readonly ConfigNode[]): Diagnostic[] {
  const seen = new Set<string>();
  return secrets.flatMap((secret) => {
    const name = secret.text('name') ?? '';
    const kind = Object.keys(KINDS).find((field) => secret.has(field));
    const key = `${kind} ${name}`;
    const isSecond = seen.has(key);
    seen.add(key);
    return kind === undefined
      ? refuseIf(true, secret, [], `The secret \`${name}\` holds nothing.`, 'Secret type not implemented')
      : refuseIf(
          isSecond,
          secret,
          ['name'],
          `Two secrets are called \`${name}\`.`,
          `Duplicate static ${KINDS[kind]} secret name ${name}`,
        );
  });
}

/** `SdsSecretConfig` without a source names a static secret. */
export const checkSecretName: Check = (node, { secrets }) => {
  const name = node.text('name') ?? '';
  if (node.has('sds_config') || !secrets) return NONE;
  const asked = node.ref.path.map(String).join(' ');
  const kind = /tls_?certificate/i.test(asked)
    ? 'tlsCertificate '
    : /validation_?context/i.test(asked)
      ? 'validationContext '
      : '';
  return refuseIf(
    !secrets.has(kind + name),
    node,
    ['name'],
    `No static secret of this kind is called \`${name}\`.`,
    `Unknown static secret: ${name}`,
  );
};
