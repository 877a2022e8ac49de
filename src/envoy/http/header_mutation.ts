import type { ConfigNode } from '../config_node.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { addHeader, type HeaderMap } from './header_map.ts';

/** Headers of one level that a route, virtual host or route configuration removes, then adds. */
export class HeaderMutation {
  readonly #remove: string[];
  readonly #add: { name: string; template: string; action: string; keepEmpty: boolean }[];

  constructor(node: ConfigNode, direction: 'request' | 'response') {
    this.#remove = node.texts(`${direction}_headers_to_remove`).map((name) => name.toLowerCase());
    this.#add = node.list(`${direction}_headers_to_add`).map((option) => ({
      name: (option.child('header')?.text('key') ?? '').toLowerCase(),
      template: option.child('header')?.text('value') ?? '',
      action:
        option.raw('append') === false
          ? 'OVERWRITE_IF_EXISTS_OR_ADD'
          : (option.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD'),
      keepEmpty: option.flag('keep_empty_value'),
    }));
  }

  get isEmpty(): boolean {
    return this.#remove.length === 0 && this.#add.length === 0;
  }

  apply(headers: HeaderMap, context: FormatterContext): void {
    for (const name of this.#remove) headers.remove(name);
    for (const { name, template, action, keepEmpty } of this.#add) {
      const value = expand(template, context);
      if (value === '' && !keepEmpty) continue;
      addHeader(headers, name, value, action);
    }
  }
}
