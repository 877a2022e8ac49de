import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';

interface BufferSettings {
  readonly isDisabled: boolean;
  readonly maxBytes: number;
}

const settingsOf = (node: ConfigNode | undefined, isDisabled = false): BufferSettings => ({
  isDisabled,
  maxBytes: node?.number('max_request_bytes') ?? 0,
});

/** Holds a request until it is whole, and refuses what is too large: extensions/filters/http/buffer/buffer_filter.cc. */
export const bufferFilterFactory = defineHttpFilter<BufferSettings>({
  name: 'envoy.filters.http.buffer',
  type: 'envoy.extensions.filters.http.buffer.v3.Buffer',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config) => {
    const own = settingsOf(config);
    return (callbacks, perRoute) => ({
      decode: () => {
        const { isDisabled, maxBytes } = perRoute ?? own;
        if (isDisabled || callbacks.requestBody === '') return 'continue';
        if (callbacks.requestBody.length > maxBytes) {
          callbacks.sendPayloadTooLarge();
          return 'stop_iteration';
        }
        callbacks.readBody();
        if (!callbacks.request.has('content-length'))
          callbacks.request.set('content-length', String(callbacks.requestBody.length));
        return 'continue';
      },
    });
  },
  compilePerRoute: (config) => settingsOf(config.child('buffer'), config.flag('disabled')),
});
