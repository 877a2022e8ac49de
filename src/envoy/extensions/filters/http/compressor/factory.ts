import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FactoryContext } from '../../../../http/filter.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';
import { compileFeatureFlag } from '../../../../runtime/feature_flag.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import {
  CHOICES,
  CompressorFilter,
  DIRECTION,
  type CompressorConfig,
  type CompressorPerRoute,
  type Library,
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

function rulesOf(direction: ConfigNode | undefined, legacy: ConfigNode | undefined): Rules {
  const common = direction?.child('common_config');
  return {
    isEnabled: compileFeatureFlag(common?.child('enabled') ?? legacy?.child('runtime_enabled')),
    minLength: common?.number('min_content_length') ?? legacy?.number('content_length') ?? DEFAULT_MIN_LENGTH,
    allowsType: typesOf(common, legacy),
  };
}

/** Matchers stand in the place of the list. */
function typesOf(common: ConfigNode | undefined, legacy: ConfigNode | undefined): Rules['allowsType'] {
  const matchers = common?.list('content_type_matcher').map(compileStringMatcher) ?? [];
  if (matchers.length > 0) return (type) => matchers.some((mismatch) => mismatch(type) === undefined);
  const listed = common?.texts('content_type') ?? legacy?.texts('content_type') ?? [];
  const types = new Set(listed.length > 0 ? listed.map((one) => one.toLowerCase()) : DEFAULT_TYPES);
  return (type) => types.has(type.toLowerCase());
}

function libraryFrom(node: ConfigNode | undefined): { library: Library; statName: string } {
  const config = node?.child('typed_config');
  const kind = config?.text('@type')?.split('.').at(-1) ?? '';
  return {
    library: { encoding: ENCODINGS[kind] ?? '', compress: config && kind === 'Gzip' ? compileGzip(config) : undefined },
    statName: STAT_NAMES[kind] ?? '',
  };
}

export const compressorFilterFactory = defineHttpFilter<CompressorPerRoute>({
  name: 'envoy.filters.http.compressor',
  type: 'envoy.extensions.filters.http.compressor.v3.Compressor',
  fidelity: { level: 'partial', notSimulated: ['choose_first'] },
  compile: (node, context) => {
    const config = compile(node, context);
    return (callbacks, perRoute) => new CompressorFilter(config, perRoute, callbacks);
  },
  compilePerRoute: (node) => {
    const overrides = node.child('overrides');
    const response = overrides?.child('response_direction_config');
    const library = overrides?.child('compressor_library');
    return {
      isEnabled: node.flag('disabled') ? false : response ? true : undefined,
      removesAcceptEncoding: response?.has('remove_accept_encoding_header')
        ? response.flag('remove_accept_encoding_header')
        : undefined,
      library: library && libraryFrom(library).library,
    };
  },
});

function compile(node: ConfigNode, { stats, statPrefix }: FactoryContext): CompressorConfig {
  const own = node.child('compressor_library');
  const { library, statName } = libraryFrom(own);
  const request = node.child('request_direction_config');
  const response = node.child('response_direction_config');
  const prefix = `${statPrefix}compressor.${own?.text('name') ?? ''}.${statName}.`;
  return {
    node,
    library,
    request: request && rulesOf(request, undefined),
    response: rulesOf(response, response ? undefined : node),
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
