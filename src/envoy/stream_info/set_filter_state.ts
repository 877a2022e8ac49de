import { compileFormat } from '../access_log/substitution_format.ts';
import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { FilterState } from './filter_state.ts';

/** The kind of object that a hash policy can use; without one the key says the kind. */
const HASHABLE = 'envoy.hashable_string';

/** `set_filter_state.v3.FilterStateValue` one after the other: common/set_filter_state/value.cc. */
export function compileFilterState(
  values: readonly ConfigNode[],
): (state: FilterState, context: FormatterContext) => void {
  const compiled = values.map((value) => ({
    key: value.text('object_key') ?? value.text('factory_key') ?? '',
    write: compileFormat(value.child('format_string')),
    isHashable: (value.text('factory_key') ?? value.text('object_key')) === HASHABLE,
    skipsEmpty: value.flag('skip_if_empty'),
  }));
  return (state, context) => {
    for (const { key, write, skipsEmpty, isHashable } of compiled) {
      const text = write(context);
      if (text === '' && skipsEmpty) continue;
      if (isHashable) state.setHashable(key, text);
      else state.set(key, text);
    }
  };
}
