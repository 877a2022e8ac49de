import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import { CHOICES, CompressorFilter, DIRECTION, type CompressorConfig, type Rules } from './compressor_filter.ts';

const DEFAULT_MIN_LENGTH = 30;
const DEFAULT_TYPES = [
  'text/html',
  'text/plain',
  'text/css',
  'application/javascript',
  'application/x-javascript',
  'text/javascript',
  'text/x-javascript',
  'text/ecmascript',
  'text/js',
  'text/jscript',
  'text/x-js',
  'application/ecmascript',
  'application/x-json',
  'application/xml',
  'application/json',
  'image/svg+xml',
  'text/xml',
  'application/xhtml+xml',
];
const ENCODINGS: Readonly<Record<string, string>> = { Gzip: 'gzip', Brotli: 'br', Zstd: 'zstd' };
const STAT_NAMES: Readonly<Record<string, string>> = { Gzip: 'gzip', Brotli: 'brotli', Zstd: 'zstd' };

function rulesOf(direction: ConfigNode | undefined, legacy: ConfigNode, isEnabled: boolean): Rules {
  const common = direction?.child('common_config');
  const types = common?.texts('content_type') ?? legacy.texts('content_type');
  return {
    isEnabled: common?.child('enabled')?.raw('default_value') !== false && isEnabled,
    minLength: common?.number('min_content_length') ?? legacy.number('content_length') ?? DEFAULT_MIN_LENGTH,
    types: new Set(types.length > 0 ? types.map((one) => one.toLowerCase()) : DEFAULT_TYPES),
  };
}

export const compressorFilterFactory = defineHttpFilter<{ readonly isDisabled: boolean }>({
  name: 'envoy.filters.http.compressor',
  type: 'envoy.extensions.filters.http.compressor.v3.Compressor',
  fidelity: {
    level: 'partial',
    notSimulated: ['request_direction_config', 'choose_first', 'uncompressible_response_codes'],
  },
  compile: (node, { stats, statPrefix }) => {
    const library = node.child('compressor_library');
    const kind = library?.child('typed_config')?.text('@type')?.split('.').at(-1) ?? '';
    const response = node.child('response_direction_config');
    const prefix = `${statPrefix}compressor.${library?.text('name') ?? ''}.${STAT_NAMES[kind] ?? ''}.`;
    const config: CompressorConfig = {
      node,
      encoding: ENCODINGS[kind] ?? '',
      canCompress: kind === 'Gzip',
      response: rulesOf(response, node, true),
      skipsEtag: response?.flag('disable_on_etag_header') === true || node.flag('disable_on_etag_header'),
      weakensEtag: response?.flag('weaken_etag_on_compress') === true,
      removesAcceptEncoding:
        response?.flag('remove_accept_encoding_header') === true || node.flag('remove_accept_encoding_header'),
      choices: createStats(stats, prefix, { counters: CHOICES }),
      requests: createStats(stats, `${prefix}request.`, { counters: DIRECTION }),
      responses: createStats(stats, `${prefix}response.`, { counters: DIRECTION }),
      notCompressedEtag: stats.counter(`${prefix}not_compressed_etag`),
    };
    return (callbacks, perRoute) => new CompressorFilter(config, perRoute?.isDisabled === true, callbacks);
  },
  compilePerRoute: (node) => ({ isDisabled: node.flag('disabled') }),
});
