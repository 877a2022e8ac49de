import type { ConfigNode } from '../../../../config_node.ts';
import type { Fault } from './provider.ts';

export const MISSING = 'Jwt is missing';

/** Checks one provider's tokens: what is wrong, or undefined. `any`: on behalf of whatever provider there is. */
export type CheckProvider = (name: string, audiences: readonly string[] | undefined, how?: 'any') => Fault;

/** Tells the upstream that a token is not verified: `how` a requirement that only extracts asks for. */
export type MarkUnverified = (header: string) => void;

/** `JwtRequirement`: what it asks of a request; answers with what is wrong (jwt_authn/verifier.cc). */
export type Requirement = (check: CheckProvider, mark: MarkUnverified) => Fault;

export function compileRequirement(
  node: ConfigNode | undefined,
  hasToken: (check: CheckProvider) => Fault,
): Requirement {
  const name = node?.text('provider_name');
  if (name !== undefined) return (check) => check(name, undefined);
  const withAudiences = node?.child('provider_and_audiences');
  if (withAudiences)
    return (check) => check(withAudiences.text('provider_name') ?? '', withAudiences.texts('audiences'));
  const any = node?.child('requires_any')?.list('requirements');
  if (any)
    return anyOf(
      any.map((one) => ({
        isLenient: one.has('allow_missing') || one.has('allow_missing_or_failed'),
        node: one,
        run: compileRequirement(one, hasToken),
      })),
    );
  const all = node?.child('requires_all')?.list('requirements');
  if (all) return allOf(all.map((one) => compileRequirement(one, hasToken)));
  return compileLenient(node, hasToken);
}

/** What lets everybody pass, or all who bring no token. */
function compileLenient(node: ConfigNode | undefined, hasToken: (check: CheckProvider) => Fault): Requirement {
  const extract = node?.child('extract_only_without_validation');
  if (extract) return extractOnly(extract.text('verification_status_header') || UNVERIFIED, hasToken);
  if (node?.has('allow_missing')) return hasToken;
  return (check) => {
    if (node?.has('allow_missing_or_failed')) hasToken(check);
    return undefined;
  };
}

/** The first that is not met ends it: those behind it are not asked. */
const allOf =
  (members: readonly Requirement[]): Requirement =>
  (check, mark) =>
    members.reduce<Fault>((fault, one) => fault ?? one(check, mark), undefined);

const UNVERIFIED = 'x-jwt-signature-verified';

/** Everybody passes; a token that is no good is marked. */
const extractOnly =
  (header: string, hasToken: (check: CheckProvider) => Fault): Requirement =>
  (check, mark) => {
    if (hasToken(check) !== undefined) mark(header.toLowerCase());
    return undefined;
  };

/** One is enough. `allow_missing` beside providers lets through only who brought no token to any of them. */
function anyOf(members: readonly { isLenient: boolean; node: ConfigNode; run: Requirement }[]): Requirement {
  return (check, mark) => {
    let worst: Fault = MISSING;
    for (const { isLenient, run } of members) {
      if (isLenient) continue;
      const fault = run(check, mark);
      if (fault === undefined) return undefined;
      if (fault !== MISSING) worst = fault;
    }
    if (members.some(({ node }) => node.has('allow_missing_or_failed'))) return undefined;
    return worst === MISSING && members.some(({ node }) => node.has('allow_missing')) ? undefined : worst;
  };
}
