import { compileOnce } from '../../../../compile_once.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';
import { compileFilterState } from '../../../../stream_info/set_filter_state.ts';

type SetState = ReturnType<typeof compileFilterState>;

const compile = (config: ConfigNode): SetState => compileFilterState(config.list('on_request_headers'));

/** Puts texts into the filter state: extensions/filters/http/set_filter_state/filter.cc. */
export const setFilterStateFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.set_filter_state',
  type: 'envoy.extensions.filters.http.set_filter_state.v3.Config',
  fidelity: { level: 'partial', notSimulated: ['read_only', 'shared_with_upstream', 'factory_key'] },
  compile: (config) => {
    const own = compile(config);
    const clears = config.flag('clear_route_cache');
    const ofRoute = compileOnce(compile);
    return (callbacks) => ({
      decode: () => {
        // Its own values first, and then those of every level of the route.
        for (const set of [own, ...callbacks.perRouteLevels().map(ofRoute)])
          set(callbacks.filterState, callbacks.formatterContext());
        if (clears) callbacks.clearRouteCache();
        return 'continue';
      },
    });
  },
});
