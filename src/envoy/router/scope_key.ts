import type { ConfigRef } from '#source';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';

/** The key of a scope, or the line of the fragment that a request has nothing for. */
export type ScopeKey = { readonly key: string } | { readonly missing: ConfigRef; readonly header: string };

type Extract = (value: string) => string | undefined;

/** Makes the key of the scope that a request belongs to: router/scoped_config_impl.cc, ScopeKeyBuilderImpl. */
export function compileScopeKey(builder: ConfigNode): (request: HeaderMap) => ScopeKey {
  const fragments = builder.list('fragments').map((fragment) => {
    const extractor = fragment.child('header_value_extractor')!;
    return {
      ref: extractor.ref,
      header: (extractor.text('name') ?? '').toLowerCase(),
      extract: compileExtractor(extractor),
    };
  });
  return (request) => {
    const found: string[] = [];
    for (const { ref, header, extract } of fragments) {
      const value = request.get(header);
      const fragment = value === undefined ? undefined : extract(value);
      if (fragment === undefined) return { missing: ref, header };
      found.push(fragment);
    }
    return { key: joined(found) };
  };
}

/** The key that a scope has. */
export const keyOfScope = (scope: ConfigNode): string =>
  joined(
    scope
      .child('key')
      ?.list('fragments')
      .map((fragment) => fragment.text('string_key') ?? '') ?? [],
  );

const joined = (fragments: readonly string[]): string => JSON.stringify(fragments);

function compileExtractor(node: ConfigNode): Extract {
  const separator = node.text('element_separator') ?? '';
  const elementsOf = (value: string): string[] => (separator === '' ? [value] : value.split(separator));
  const element = node.child('element');
  if (element) return compileElement(element, elementsOf);
  const index = node.number('index') ?? 0;
  return (value) => elementsOf(value)[index];
}

/** The value of the first element with that key: all that stands behind its first separator. */
function compileElement(node: ConfigNode, elementsOf: (value: string) => string[]): Extract {
  const [key, separator] = [node.text('key') ?? '', node.text('separator') ?? ''];
  return (value) => {
    const found = elementsOf(value).find((one) => one.split(separator)[0] === key);
    const at = found?.indexOf(separator) ?? -1;
    return found === undefined ? undefined : at < 0 ? '' : found.slice(at + separator.length);
  };
}
