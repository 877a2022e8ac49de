import { defineHttpFilter, type FactoryContext, type FilterCallbacks } from '../../../../http/filter.ts';
import {
  compileConfig,
  compilePerRoute,
  mergedPerRoute,
  type ExtProcConfig,
  type ExtProcPerRoute,
  type ProcessingMode,
} from './config.ts';
import { HttpProcessor } from './http_processor.ts';
import type { Processor } from './processor.ts';
import { ProcessorStream } from './processor_stream.ts';
import { ExtProcFilter } from './ext_proc_filter.ts';

/** As its route has it, or else the filter itself. */
function openProcessor(
  config: ExtProcConfig,
  mode: ProcessingMode,
  perRoute: ExtProcPerRoute | undefined,
  { grpcClient, httpClient }: FactoryContext,
  callbacks: FilterCallbacks,
): Processor | undefined {
  const service = perRoute?.service ?? config.service;
  if (service) return new ProcessorStream(config, service, mode, grpcClient, callbacks);
  const http = config.httpService;
  return http && new HttpProcessor(config, http, mode, httpClient, callbacks);
}

export const extProcFilterFactory = defineHttpFilter<ExtProcPerRoute>({
  name: 'envoy.filters.http.ext_proc',
  type: 'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor',
  fidelity: {
    level: 'partial',
    notSimulated: ['processing_request_modifier', 'on_processing_response'],
  },
  compile: (node, context) => {
    const config = compileConfig(node, context);
    return (callbacks) => {
      const perRoute = mergedPerRoute(callbacks.perRouteLevels());
      return new ExtProcFilter(
        config,
        perRoute,
        (mode) => openProcessor(config, mode, perRoute, context, callbacks),
        callbacks,
      );
    };
  },
  compilePerRoute,
});
