import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';

/** `type.matcher.v3.MetadataMatcher`: a value inside dynamic metadata. */
export function compileMetadataMatcher(node: ConfigNode): (metadata: JsonObject) => boolean {
  const path = [node.text('filter') ?? '', ...node.list('path').map((segment) => segment.text('key') ?? '')];
  const value = node.child('value');
  const matches = value ? compileValueMatcher(value) : () => false;
  const isInverted = node.flag('invert');
  return (metadata) => matches(valueAt(metadata, path)) !== isInverted;
}

/** The value at a path of keys. */
export function valueAt(metadata: JsonObject, path: readonly string[]): Json | undefined {
  let now: Json | undefined = metadata;
  for (const key of path) now = typeof now === 'object' && now !== null && !Array.isArray(now) ? now[key] : undefined;
  return now;
}

/** `type.matcher.v3.ValueMatcher`. */
export function compileValueMatcher(node: ConfigNode): (value: Json | undefined) => boolean {
  const string = node.child('string_match');
  if (string) {
    const mismatch = compileStringMatcher(string);
    return (value) => typeof value === 'string' && mismatch(value) === undefined;
  }
  if (node.has('bool_match')) return (value) => value === node.flag('bool_match');
  if (node.has('present_match')) return (value) => (value !== undefined) === node.flag('present_match');
  if (node.has('null_match')) return (value) => value === null;
  const one = node.child('list_match')?.child('one_of');
  if (one) {
    const matches = compileValueMatcher(one);
    return (value) => Array.isArray(value) && value.some(matches);
  }
  const or = node.child('or_match')?.list('value_matchers').map(compileValueMatcher);
  if (or) return (value) => or.some((matches) => matches(value));
  return compileDouble(node.child('double_match'));
}

function compileDouble(node: ConfigNode | undefined): (value: Json | undefined) => boolean {
  const [exact, range] = [node?.number('exact'), node?.child('range')];
  return (value) =>
    typeof value === 'number' &&
    (range ? value >= (range.number('start') ?? 0) && value < (range.number('end') ?? 0) : value === exact);
}
