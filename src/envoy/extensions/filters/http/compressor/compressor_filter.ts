import { gzipSync } from 'fflate';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';
import type { Counter } from '../../../../stats/metric.ts';
import type { StatSet } from '../../../../stats/stat_set.ts';
import { chooseEncoding } from './accept_encoding.ts';

export const CHOICES = [
  'no_accept_header',
  'header_identity',
  'header_wildcard',
  'header_compressor_used',
  'header_compressor_overshadowed',
  'header_not_valid',
] as const;
export const DIRECTION = [
  'compressed',
  'not_compressed',
  'total_uncompressed_bytes',
  'total_compressed_bytes',
  'content_length_too_small',
] as const;

export interface Rules {
  readonly isEnabled: boolean;
  readonly minLength: number;
  readonly types: ReadonlySet<string>;
}

type DirectionStats = StatSet<(typeof DIRECTION)[number], never, never>;

export interface CompressorConfig {
  readonly node: ConfigNode;
  readonly encoding: string;
  /** Only gzip is at hand: another library marks what it would have compressed, and leaves the bytes alone. */
  readonly canCompress: boolean;
  readonly response: Rules;
  readonly skipsEtag: boolean;
  readonly weakensEtag: boolean;
  readonly removesAcceptEncoding: boolean;
  readonly choices: StatSet<(typeof CHOICES)[number], never, never>;
  readonly requests: DirectionStats;
  readonly responses: DirectionStats;
  readonly notCompressedEtag: Counter;
}

/** Compresses what the client takes compressed: extensions/filters/http/compressor/compressor_filter.cc. */
export class CompressorFilter implements HttpFilter {
  readonly #config: CompressorConfig;
  readonly #isDisabled: boolean;
  readonly #callbacks: FilterCallbacks;
  #acceptEncoding: string | undefined;

  constructor(config: CompressorConfig, isDisabled: boolean, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#isDisabled = isDisabled;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request } = this.#callbacks;
    const { isEnabled } = this.#config.response;
    if (request.has('accept-encoding')) this.#acceptEncoding = request.all('accept-encoding').join(',');
    if (isEnabled && !this.#isDisabled && this.#config.removesAcceptEncoding) request.remove('accept-encoding');
    this.#config.requests.not_compressed.inc();
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    const { responses } = this.#config;
    const { headers, body } = response;
    const isLongEnough = this.#isLongEnough(headers);
    const isCompressible = isLongEnough && this.#isCompressible(headers);
    const canGo = body !== '' && isLongEnough && this.#isAccepted(headers) && isCompressible;
    if (isCompressible) addVary(headers);
    if (!canGo || !this.#config.canCompress) {
      responses.not_compressed.inc();
      return response;
    }
    responses.compressed.inc();
    const etag = headers.get('etag');
    if (etag !== undefined && !etag.startsWith('W/')) {
      if (this.#config.weakensEtag) headers.set('etag', `W/${etag}`);
      else headers.remove('etag');
    }
    headers.remove('content-length');
    headers.set('content-encoding', this.#config.encoding);
    const bytes = gzipSync(Uint8Array.from(body, (one) => one.charCodeAt(0) & 255));
    responses.total_uncompressed_bytes.add(body.length);
    responses.total_compressed_bytes.add(bytes.length);
    this.#callbacks.trace?.record({
      kind: 'response_compressed',
      state: 'matched',
      because: this.#config.node.ref,
      sentence: `The body of ${body.length} bytes is compressed to ${bytes.length}.`,
    });
    return { ...response, body: Array.from(bytes, (one) => String.fromCharCode(one)).join('') };
  }

  #isLongEnough(headers: HeaderMap): boolean {
    const { isEnabled, minLength } = this.#config.response;
    if (!isEnabled || this.#isDisabled) return false;
    const length = headers.get('content-length');
    if (length === undefined || Number(length) >= minLength) return true;
    this.#config.responses.content_length_too_small.inc();
    return false;
  }

  #isCompressible(headers: HeaderMap): boolean {
    if (!this.#isTypeAllowed(headers) || /no-transform/i.test(headers.get('cache-control') ?? '')) return false;
    if (headers.has('content-encoding')) return false;
    if (!this.#config.skipsEtag || !headers.has('etag')) return true;
    this.#config.notCompressedEtag.inc();
    return false;
  }

  #isTypeAllowed(headers: HeaderMap): boolean {
    const type = headers.get('content-type');
    return type === undefined || this.#config.response.types.has(type.split(';')[0]!.trim().toLowerCase());
  }

  #isAccepted(headers: HeaderMap): boolean {
    const choice = chooseEncoding(this.#acceptEncoding, this.#config.encoding, this.#isTypeAllowed(headers));
    this.#config.choices[choice].inc();
    return choice === 'header_compressor_used' || choice === 'header_wildcard';
  }
}

/** Caches have to know that the answer depends on accept-encoding, compressed or not. */
function addVary(headers: HeaderMap): void {
  const vary = headers.get('vary');
  if (vary === undefined || vary === '') headers.set('vary', 'Accept-Encoding');
  else if (!/accept-encoding/i.test(vary)) headers.set('vary', `${vary}, Accept-Encoding`);
}
