import { compileFormat } from '../access_log/substitution_format.ts';
import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';

/** `set_filter_state.v3.FilterStateValue` one after the other: common/set_filter_state/value.cc. */
export function compileFilterState(
  values: readonly ConfigNode[],
): (state: Map<string, string>, context: FormatterContext) => void {
  const compiled = values.map((value) => ({
    key: value.text('object_key') ?? value.text('factory_key') ?? '',
    write: compileFormat(value.child('format_string')),
    skipsEmpty: value.flag('skip_if_empty'),
  }));
  return (state, context) => {
    for (const { key, write, skipsEmpty } of compiled) {
      const text = write(context);
      if (text !== '' || !skipsEmpty) state.set(key, text);
    }
  };
}
