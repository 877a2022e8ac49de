import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FactoryContext } from '../../../../http/filter.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import {
  CHOICES,
  CompressorFilter,
  DIRECTION,
  type CompressorConfig,
  type CompressorPerRoute,
  type Rules,
} from './compressor_filter.ts';
import { compileGzip } from './gzip.ts';

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

export const compressorFilterFactory = defineHttpFilter<CompressorPerRoute>({
  name: 'envoy.filters.http.compressor',
  type: 'envoy.extensions.filters.http.compressor.v3.Compressor',
  fidelity: {
    level: 'partial',
    notSimulated: ['request_direction_config', 'choose_first'],
  },
  compile: (node, context) => {
    const config = compile(node, context);
    return (callbacks, perRoute) => new CompressorFilter(config, perRoute, callbacks);
  },
  compilePerRoute: (node) => {
    const response = node.child('overrides')?.child('response_direction_config');
    return {
      isDisabled: node.flag('disabled'),
      removesAcceptEncoding: response?.has('remove_accept_encoding_header')
        ? response.flag('remove_accept_encoding_header')
        : undefined,
    };
  },
});

function compile(node: ConfigNode, { stats, statPrefix }: FactoryContext): CompressorConfig {
  const library = node.child('compressor_library');
  const kind = library?.child('typed_config')?.text('@type')?.split('.').at(-1) ?? '';
  const response = node.child('response_direction_config');
  const prefix = `${statPrefix}compressor.${library?.text('name') ?? ''}.${STAT_NAMES[kind] ?? ''}.`;
  return {
    node,
    encoding: ENCODINGS[kind] ?? '',
    compress: kind === 'Gzip' ? compileGzip(library!.child('typed_config')!) : undefined,
    response: rulesOf(response, node, true),
    skipsEtag: response?.flag('disable_on_etag_header') === true || node.flag('disable_on_etag_header'),
    removesAcceptEncoding:
      response?.flag('remove_accept_encoding_header') === true || node.flag('remove_accept_encoding_header'),
    ...answersOf(response),
    choices: createStats(stats, prefix, { counters: CHOICES }),
    requests: createStats(stats, `${prefix}request.`, { counters: DIRECTION }),
    // Without a direction of its own the response has the names of old.
    responses: createStats(stats, response ? `${prefix}response.` : prefix, { counters: DIRECTION }),
    notCompressedEtag: stats.counter(`${prefix}not_compressed_etag`),
  };
}

function answersOf(
  response: ConfigNode | undefined,
): Pick<CompressorConfig, 'skippedCodes' | 'tellsStatus' | 'weakensEtag'> {
  const codes = response?.raw('uncompressible_response_codes');
  return {
    skippedCodes: new Set(Array.isArray(codes) ? codes.map(Number) : []),
    tellsStatus: response?.flag('status_header_enabled') === true,
    weakensEtag: response?.flag('weaken_etag_on_compress') === true,
  };
}
