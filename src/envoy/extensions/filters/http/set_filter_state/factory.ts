import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';

/** Puts texts into the filter state: extensions/filters/http/set_filter_state/filter.cc. */
export const setFilterStateFilterFactory = defineHttpFilter<ConfigNode>({
  name: 'envoy.filters.http.set_filter_state',
  type: 'envoy.extensions.filters.http.set_filter_state.v3.Config',
  fidelity: { level: 'partial', notSimulated: ['read_only', 'shared_with_upstream', 'factory_key'] },
  compile: (own) => (callbacks, perRoute) => ({
    decode: () => {
      for (const value of (perRoute ?? own).list('on_request_headers')) {
        const text = expand(
          value.child('format_string')?.child('text_format_source')?.text('inline_string') ?? '',
          callbacks.formatterContext(),
          '-',
        );
        if (text === '' && value.flag('skip_if_empty')) continue;
        callbacks.filterState.set(value.text('object_key') ?? value.text('factory_key') ?? '', text);
      }
      return 'continue';
    },
  }),
  compilePerRoute: (config) => config,
});
