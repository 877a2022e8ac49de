import type { ConfigNode } from '../config_node.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { HeaderMap } from './header_map.ts';

/** Headers that are added, in the order of their `core.v3.HeaderValueOption`s; their values are formats. */
export class HeadersToAdd {
  readonly #options: { name: string; template: string; action: string; keepEmpty: boolean }[];

  constructor(options: readonly ConfigNode[]) {
    this.#options = options.map((option) => ({
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
    return this.#options.length === 0;
  }

  /** Values that are no formats: there is no stream. */
  addFixed(headers: HeaderMap): void {
    for (const { name, template } of this.#options) headers.add(name, template);
  }

  /**
   * All values and conditions are of the headers as they came; then what is overwritten comes before what is added
   * (router/header_parser.cc, evaluateHeaders).
   */
  apply(headers: HeaderMap, context: FormatterContext): void {
    if (this.isEmpty) return;
    const decided = this.#options.flatMap(({ name, template, action, keepEmpty }) => {
      const value = expand(template, context);
      if (value === '' && !keepEmpty) return [];
      const exists = headers.has(name);
      if (exists ? action === 'ADD_IF_ABSENT' : action === 'OVERWRITE_IF_EXISTS') return [];
      return [{ name, value, isOverwrite: action.startsWith('OVERWRITE') }];
    });
    for (const { name, value, isOverwrite } of decided) if (isOverwrite) headers.replace(name, value);
    for (const { name, value, isOverwrite } of decided) if (!isOverwrite) headers.add(name, value);
  }
}

/** Headers of one level that a route, virtual host or route configuration removes, then adds. */
export class HeaderMutation {
  readonly #remove: string[];
  readonly #add: HeadersToAdd;

  constructor(node: ConfigNode, direction: 'request' | 'response') {
    this.#remove = node.texts(`${direction}_headers_to_remove`).map((name) => name.toLowerCase());
    this.#add = new HeadersToAdd(node.list(`${direction}_headers_to_add`));
  }

  get isEmpty(): boolean {
    return this.#remove.length === 0 && this.#add.isEmpty;
  }

  apply(headers: HeaderMap, context: FormatterContext): void {
    for (const name of this.#remove) headers.remove(name);
    this.#add.apply(headers, context);
  }
}
