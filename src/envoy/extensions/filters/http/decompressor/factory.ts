import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { libraryOf } from '../../../../linked_library.ts';
import { createStats, type StatSet } from '../../../../stats/stat_set.ts';

const COUNTERS = ['decompressed', 'not_decompressed', 'total_uncompressed_bytes', 'total_compressed_bytes'] as const;
const ENCODINGS: Readonly<Record<string, string>> = { Gzip: 'gzip', Brotli: 'br', Zstd: 'zstd' };
const STAT_NAMES: Readonly<Record<string, string>> = { Gzip: 'gzip', Brotli: 'brotli', Zstd: 'zstd' };

interface Direction {
  readonly isEnabled: boolean;
  readonly stats: StatSet<(typeof COUNTERS)[number], never, never>;
}

interface DecompressorConfig {
  readonly node: ConfigNode;
  readonly encoding: string;
  readonly advertises: boolean;
  readonly request: Direction;
  readonly response: Direction;
}

/** Takes the compression off what comes: extensions/filters/http/decompressor/decompressor_filter.cc. Simplified: of gzip alone. */
export const decompressorFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.decompressor',
  type: 'envoy.extensions.filters.http.decompressor.v3.Decompressor',
  fidelity: { level: 'partial', notSimulated: ['ignore_no_transform_header'] },
  compile: (node, { stats, statPrefix }) => {
    const library = node.child('decompressor_library');
    const kind = library?.child('typed_config')?.text('@type')?.split('.').at(-1) ?? '';
    const prefix = `${statPrefix}decompressor.${library?.text('name') ?? ''}.${STAT_NAMES[kind] ?? ''}.`;
    const direction = (name: 'request' | 'response'): Direction => ({
      isEnabled:
        node.child(`${name}_direction_config`)?.child('common_config')?.child('enabled')?.raw('default_value') !==
        false,
      stats: createStats(stats, `${prefix}${name}.`, { counters: COUNTERS }),
    });
    if (kind === 'Gzip') libraryOf('zlib');
    const config: DecompressorConfig = {
      node,
      encoding: ENCODINGS[kind] ?? '',
      advertises: node.child('request_direction_config')?.raw('advertise_accept_encoding') !== false,
      request: direction('request'),
      response: direction('response'),
    };
    return (callbacks) => ({
      decode: () => {
        const { request } = callbacks;
        if (config.advertises) advertise(request, config.encoding);
        if (callbacks.requestBody !== '')
          callbacks.requestBody = decompressed(config, config.request, request, callbacks.requestBody, callbacks);
        return 'continue';
      },
      encode: (response) => {
        if (response.body === '') return response;
        return { ...response, body: decompressed(config, config.response, response.headers, response.body, callbacks) };
      },
    });
  },
});

function advertise(request: HeaderMap, encoding: string): void {
  const accepted = request.all('accept-encoding');
  const names = accepted
    .join(',')
    .split(',')
    .map((one) => one.split(';')[0]!.trim());
  if (!names.includes(encoding)) request.set('accept-encoding', [...accepted, encoding].join(','));
}

function decompressed(
  { node, encoding }: DecompressorConfig,
  { isEnabled, stats }: Direction,
  headers: HeaderMap,
  body: string,
  { trace }: Pick<FilterCallbacks, 'trace'>,
): string {
  const encodings = headers
    .all('content-encoding')
    .join(',')
    .split(/\s*,\s*/);
  const isTransformable = !headers.all('cache-control').join(',').includes('no-transform');
  const plain = isEnabled && isTransformable && encodings[0] === encoding ? gunzipped(body) : undefined;
  trace?.record({
    kind: 'decompressor',
    state: plain === undefined ? 'not_reached' : 'matched',
    because: node.ref,
    sentence:
      plain === undefined
        ? `The body is not in ${encoding}: it stays as it is.`
        : `The body of ${body.length} bytes in ${encoding} becomes ${plain.length}.`,
  });
  if (plain === undefined) {
    stats.not_decompressed.inc();
    return body;
  }
  stats.decompressed.inc();
  stats.total_compressed_bytes.add(body.length);
  stats.total_uncompressed_bytes.add(plain.length);
  headers.remove('content-length');
  const left = encodings.slice(1);
  if (left.length > 0) headers.set('content-encoding', left.join(', '));
  else headers.remove('content-encoding');
  return plain;
}

/** Undefined for what is no gzip. */
function gunzipped(text: string): string | undefined {
  try {
    const bytes = libraryOf('zlib').ungzip(Uint8Array.from(text, (one) => one.charCodeAt(0) & 255));
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  } catch {
    return undefined;
  }
}
