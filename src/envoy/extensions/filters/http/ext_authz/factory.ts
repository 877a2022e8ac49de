import { defineHttpFilter } from '../../../../http/filter.ts';
import { compileConfig, compilePerRoute, type ExtAuthzPerRoute } from './config.ts';
import { ExtAuthzFilter } from './ext_authz_filter.ts';

export const extAuthzFilterFactory = defineHttpFilter<ExtAuthzPerRoute>({
  name: 'envoy.filters.http.ext_authz',
  type: 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
  fidelity: {
    level: 'partial',
    notSimulated: [
      'bootstrap_metadata_labels_key',
      'emit_filter_state_stats',
      'filter_metadata',
      'include_peer_certificate',
    ],
  },
  compile: (node, context) => {
    const config = compileConfig(node, context);
    return (callbacks, perRoute) => new ExtAuthzFilter(config, perRoute, context, callbacks);
  },
  compilePerRoute,
});
