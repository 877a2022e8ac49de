import { RE2JS } from 're2js';
import type { ConfigNode } from '../config_node.ts';

/** `type.matcher.v3.RegexMatchAndSubstitute`: every match is replaced; `\\1` is a group, `\\0` the match itself. */
export function compileSubstitution(node: ConfigNode): (text: string) => string {
  const pattern = RE2JS.compile(node.child('pattern')?.text('regex') ?? '');
  const parts = (node.text('substitution') ?? '').split(/(\\[\d\\])/);
  return (text) => {
    const matcher = pattern.matcher(text);
    let [result, position] = ['', 0];
    while (matcher.find()) {
      result += text.slice(position, matcher.start());
      for (const part of parts) result += part.startsWith('\\') ? escaped(part, matcher) : part;
      position = matcher.end();
    }
    return result + text.slice(position);
  };
}

const escaped = (part: string, matcher: { group(group: number): string | null }): string =>
  part === '\\\\' ? '\\' : (matcher.group(Number(part[1])) ?? '');
