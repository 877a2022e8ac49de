import type { ConfigNode } from '../config_node.ts';
import { compileRe2 } from './re2.ts';

type Substitution = (text: string) => string;
const known = new WeakMap<object, Substitution>();

/** `type.matcher.v3.RegexMatchAndSubstitute`: every match is replaced; `\\1` is a group, `\\0` the match itself. Compiled once. */
export function substituted(node: ConfigNode, text: string): string {
  let substitution = known.get(node.value);
  if (!substitution) known.set(node.value, (substitution = compile(node)));
  return substitution(text);
}

function compile(node: ConfigNode): Substitution {
  const pattern = compileRe2(node.child('pattern')?.text('regex') ?? '');
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
