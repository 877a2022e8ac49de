import type { ConfigNode } from '../config_node.ts';
import type { Certificate } from '../network/certificate.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';

/** Whether a certificate has a fitting name. */
export type SanMatcher = (certificate: Certificate) => boolean;

/** As certificates spell the kinds of names. */
const PREFIXES: Readonly<Record<string, string>> = { DNS: 'DNS:', URI: 'URI:', EMAIL: 'email:', IP_ADDRESS: 'IP:' };

export function compileSanMatchers(validation: ConfigNode): SanMatcher[] {
  const typed = validation.list('match_typed_subject_alt_names').map(compileSanMatcher);
  const untyped = validation
    .list('match_subject_alt_names')
    .map((matcher) => compileMatcher(matcher, Object.values(PREFIXES)));
  return [...typed, ...untyped];
}

/** `SubjectAltNameMatcher`: names of one kind. */
export function compileSanMatcher(node: ConfigNode): SanMatcher {
  const matcher = node.child('matcher');
  return matcher ? compileMatcher(matcher, [PREFIXES[node.text('san_type') ?? ''] ?? 'othername:']) : () => false;
}

function compileMatcher(matcher: ConfigNode, prefixes: readonly string[]): SanMatcher {
  const mismatch = compileStringMatcher(matcher);
  const exact = matcher.text('exact');
  return ({ sans }) =>
    sans.some((san) => {
      const prefix = prefixes.find((one) => san.startsWith(one));
      if (prefix === undefined) return false;
      const name = san.slice(prefix.length);
      // A certificate for `*.shop.example` answers an exact name: san_matcher.cc, DnsExactStringSanMatcher.
      if (prefix === 'DNS:' && exact !== undefined) return isDnsMatch(exact, name);
      return mismatch(name) === undefined;
    });
}

/** A wildcard stands for one label: tls/utility.cc, dnsNameMatch. */
export function isDnsMatch(name: string, pattern: string): boolean {
  const [wanted, shown] = [name.toLowerCase(), pattern.toLowerCase()];
  if (wanted === shown) return true;
  return shown.startsWith('*.') && wanted.slice(wanted.indexOf('.')) === shown.slice(1) && wanted.indexOf('.') > 0;
}

/** The names without their kinds. */
export const bareNames = ({ sans }: Certificate): string[] => sans.map((san) => san.slice(san.indexOf(':') + 1));
