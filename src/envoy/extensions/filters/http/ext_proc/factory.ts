import { defineHttpFilter } from '../../../../http/filter.ts';
import { compileConfig, compilePerRoute, type ExtProcPerRoute } from './config.ts';
import { ExtProcFilter } from './ext_proc_filter.ts';

export const extProcFilterFactory = defineHttpFilter<ExtProcPerRoute>({
  name: 'envoy.filters.http.ext_proc',
  type: 'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor',
  fidelity: {
    level: 'partial',
    notSimulated: ['FULL_DUPLEX_STREAMED', 'http_service', 'send_body_without_waiting_for_header_response'],
  },
  compile: (node, context) => {
    const config = compileConfig(node, context);
    return (callbacks, perRoute) => new ExtProcFilter(config, perRoute, context.grpcClient, callbacks);
  },
  compilePerRoute,
});
