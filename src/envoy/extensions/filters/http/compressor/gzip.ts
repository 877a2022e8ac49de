import type { ConfigNode } from '../../../../config_node.ts';
import { libraryOf } from '../../../../linked_library.ts';

/** Makes gzip bytes of a body: `isWhole` where its end came with it, and not behind it. */
export type Compress = (body: string, isWhole: boolean) => string;

/** Asks zlib for a gzip header of its own: `windowBits` with this added. */
const GZIP_WRAPPER = 16;
const DEFAULT_WINDOW_BITS = 12;
const DEFAULT_MEMORY_LEVEL = 5;
const DEFAULT_LEVEL = -1;

/** `Gzip.compression_level`, as zlib counts it. */
const LEVELS: Readonly<Record<string, number>> = { BEST_SPEED: 1, BEST_COMPRESSION: 9 };
type Strategy = 0 | 1 | 2 | 3 | 4;
/** `Gzip.compression_strategy`, as zlib counts it. */
const STRATEGIES: Readonly<Record<string, Strategy>> = { FILTERED: 1, HUFFMAN_ONLY: 2, RLE: 3, FIXED: 4 };

/** Byte for byte what Envoy's zlib writes: compression/gzip/compressor, which flushes behind each piece of the body. */
export function compileGzip(node: ConfigNode): Compress {
  const { Deflate, Z_FINISH, Z_SYNC_FLUSH } = libraryOf('zlib');
  const level = node.text('compression_level') ?? '';
  const strategy: Strategy = STRATEGIES[node.text('compression_strategy') ?? ''] ?? 0;
  const options = {
    level: LEVELS[level] ?? Number(/^COMPRESSION_LEVEL_(\d)$/.exec(level)?.[1] ?? DEFAULT_LEVEL),
    strategy,
    windowBits: (node.number('window_bits') ?? DEFAULT_WINDOW_BITS) + GZIP_WRAPPER,
    memLevel: node.number('memory_level') ?? DEFAULT_MEMORY_LEVEL,
  };
  return (body, isWhole) => {
    const stream = new Deflate(options);
    const bytes = Uint8Array.from(body, (one) => one.charCodeAt(0) & 255);
    if (!isWhole) stream.push(bytes, Z_SYNC_FLUSH);
    stream.push(isWhole ? bytes : new Uint8Array(0), Z_FINISH);
    return Array.from(stream.result as Uint8Array, (one) => String.fromCharCode(one)).join('');
  };
}
