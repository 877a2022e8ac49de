import type { ConfigNode } from '../config_node.ts';
import { compileRe2 } from '../matching/re2.ts';

/** Undefined when the text matches, else what was wanted. */
export type StringMatcher = (text: string) => string | undefined;

/** A regular expression of RE2, which must match the whole text. Throws what re2 says of a bad pattern. */
export function fullMatch(pattern: string): (text: string) => boolean {
  const compiled = compileRe2(pattern);
  return (text) => compiled.matches(text);
}

/** `type.matcher.v3.StringMatcher`. */
export function compileStringMatcher(node: ConfigNode): StringMatcher {
  const ignoreCase = node.flag('ignore_case');
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const regex = node.child('safe_regex')?.text('regex');
  if (regex !== undefined) {
    const matches = fullMatch(regex);
    return (text) => (matches(text) ? undefined : `the regular expression "${regex}"`);
  }
  const tests: [string, (text: string, want: string) => boolean][] = [
    ['exact', (text, want) => text === want],
    ['prefix', (text, want) => text.startsWith(want)],
    ['suffix', (text, want) => text.endsWith(want)],
    ['contains', (text, want) => text.includes(want)],
  ];
  for (const [kind, test] of tests) {
    const want = node.text(kind);
    if (want !== undefined) return (text) => (test(fold(text), fold(want)) ? undefined : `${kind} "${want}"`);
  }
  return () => undefined;
}
