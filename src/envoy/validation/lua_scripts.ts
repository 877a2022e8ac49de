import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { libraryOf } from '../linked_library.ts';
import { NONE, problem, type Check } from './check.ts';

/** `lua`: every script that is written in the configuration has to load. */
export const checkLua: Check = (node) => {
  const codes = node.child('source_codes');
  const named = Object.keys(codes?.value ?? {});
  return [
    ...checkText(node, 'inline_code', 'inline_code'),
    ...checkSource(node.child('default_source_code'), 'default_source_code'),
    ...named.flatMap((name) => checkSource(codes!.child(name), `source_codes.${name}`)),
  ];
};

/** A script that names the cluster of a route. */
export const checkLuaSpecifier: Check = (node) => {
  const faults = checkSource(node.child('source_code'), 'source_code');
  const text = node.child('source_code')?.text('inline_string');
  const loaded = text === undefined || faults.length > 0 ? undefined : libraryOf('lua').load(text);
  if (!loaded || !('script' in loaded) || loaded.script.has('envoy_on_route')) return faults;
  return problem('lua', node, ['source_code'], 'The script has no function `envoy_on_route`.', {
    envoySays: 'envoy_on_route() function not found. Lua will not hook cluster specifier.',
  });
};

/** A script of a route. */
export const checkLuaPerRoute: Check = (node) => checkSource(node.child('source_code'), 'source_code');

const checkSource = (source: ConfigNode | undefined, name: string): Diagnostic[] =>
  source ? checkText(source, 'inline_string', name) : NONE;

function checkText(node: ConfigNode, field: string, name: string): Diagnostic[] {
  const text = node.text(field);
  const loaded = text === undefined ? undefined : libraryOf('lua').load(text);
  if (!loaded || !('error' in loaded)) return NONE;
  const [, line, what] = /^.*?:(\d+): (.*)$/s.exec(loaded.error) ?? [];
  const where = line === undefined ? '' : ` at its line ${line}`;
  return problem(
    'lua',
    node,
    [field],
    `The Lua script of \`${name}\` cannot be loaded${where}: ${what ?? loaded.error}.`,
    {
      envoySays: `script load error: ${loaded.error}`,
    },
  );
}
