import { defineHttpFilter } from '../../../../http/filter.ts';
import { compileFault, type FaultConfig } from './config.ts';
import { FaultFilter } from './fault_filter.ts';

export const faultFilterFactory = defineHttpFilter<FaultConfig>({
  name: 'envoy.filters.http.fault',
  type: 'envoy.extensions.filters.http.fault.v3.HTTPFault',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, context) => {
    const own = compileFault(config, context);
    return (callbacks, perRoute) => new FaultFilter(perRoute ?? own, callbacks);
  },
  compilePerRoute: compileFault,
});
