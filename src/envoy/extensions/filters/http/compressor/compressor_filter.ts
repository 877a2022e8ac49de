import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';
import type { Counter } from '../../../../stats/metric.ts';
import type { StatSet } from '../../../../stats/stat_set.ts';
import { chooseEncoding } from './accept_encoding.ts';
import type { Compress } from './gzip.ts';

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
  readonly compress: Compress | undefined;
  readonly response: Rules;
  readonly skipsEtag: boolean;
  readonly weakensEtag: boolean;
  readonly removesAcceptEncoding: boolean;
  /** Answers with these codes stay as they are. */
  readonly skippedCodes: ReadonlySet<number>;
  readonly tellsStatus: boolean;
  readonly choices: StatSet<(typeof CHOICES)[number], never, never>;
  readonly requests: DirectionStats;
  readonly responses: DirectionStats;
  readonly notCompressedEtag: Counter;
}

export interface CompressorPerRoute {
  readonly isDisabled: boolean;
  readonly removesAcceptEncoding: boolean | undefined;
}

/** Compresses what the client takes compressed: extensions/filters/http/compressor/compressor_filter.cc. */
export class CompressorFilter implements HttpFilter {
  readonly #config: CompressorConfig;
  readonly #perRoute: CompressorPerRoute | undefined;
  readonly #callbacks: FilterCallbacks;
  #acceptEncoding: string | undefined;

  constructor(config: CompressorConfig, perRoute: CompressorPerRoute | undefined, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#perRoute = perRoute;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request } = this.#callbacks;
    const removes = this.#perRoute?.removesAcceptEncoding ?? this.#config.removesAcceptEncoding;
    if (request.has('accept-encoding')) this.#acceptEncoding = request.all('accept-encoding').join(',');
    if (this.#isOn && removes) request.remove('accept-encoding');
    this.#config.requests.not_compressed.inc();
    return 'continue';
  }

  encode(response: HttpResponse): HttpResponse {
    const { responses, compress } = this.#config;
    const { headers, body } = response;
    const reason = this.#reasonNot(response);
    if (reason !== undefined || !compress) {
      responses.not_compressed.inc();
      if (reason !== undefined && reason !== 'Off') this.#tellStatus(headers, reason);
      return response;
    }
    this.#tellStatus(headers, `Compressed;OriginalLength=${body.length}`);
    responses.compressed.inc();
    const etag = headers.get('etag');
    if (etag !== undefined && !etag.startsWith('W/')) {
      if (this.#config.weakensEtag) headers.set('etag', `W/${etag}`);
      else headers.remove('etag');
    }
    headers.remove('content-length');
    headers.set('content-encoding', this.#config.encoding);
    // The end of an upstream's answer comes behind its body.
    const compressed = compress(body, this.#callbacks.log['upstream_host'] === undefined);
    responses.total_uncompressed_bytes.add(body.length);
    responses.total_compressed_bytes.add(compressed.length);
    this.#callbacks.trace?.record({
      kind: 'response_compressed',
      state: 'matched',
      because: this.#config.node.ref,
      sentence: `The body of ${body.length} bytes is compressed to ${compressed.length}.`,
    });
    return { ...response, body: compressed };
  }

  get #isOn(): boolean {
    return this.#config.response.isEnabled && this.#perRoute?.isDisabled !== true;
  }

  /** Why the body stays as it is. Where that is told, what is wrong with the answer comes before what the client takes. */
  #reasonNot(response: HttpResponse): string | undefined {
    const { headers, body, status } = response;
    if (!this.#isOn) return 'Off';
    if (!this.#isLongEnough(headers)) return 'ContentLengthTooSmall';
    const wrong = this.#wrongWith(headers, status);
    if (wrong !== undefined && this.#config.tellsStatus) return wrong;
    const isAccepted = body !== '' && this.#isAccepted(headers);
    if (wrong === undefined) addVary(headers);
    return wrong ?? (isAccepted ? undefined : 'Off');
  }

  #tellStatus(headers: HeaderMap, status: string): void {
    if (this.#config.tellsStatus) headers.set('x-envoy-compression-status', `${this.#config.encoding};${status}`);
  }

  #isLongEnough(headers: HeaderMap): boolean {
    const { minLength } = this.#config.response;
    const length = headers.get('content-length');
    if (length === undefined || Number(length) >= minLength) return true;
    this.#config.responses.content_length_too_small.inc();
    return false;
  }

  #wrongWith(headers: HeaderMap, status: number): string | undefined {
    if (!this.#isTypeAllowed(headers)) return 'ContentTypeNotAllowed';
    if (this.#config.skippedCodes.has(status)) return 'StatusCodeNotAllowed';
    if (/no-transform/i.test(headers.get('cache-control') ?? '') || headers.has('content-encoding')) return 'Off';
    if (!this.#config.skipsEtag || !headers.has('etag')) return undefined;
    this.#config.notCompressedEtag.inc();
    return 'EtagNotAllowed';
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
  // Envoy looks for the very spelling.
  else if (!vary.includes('Accept-Encoding')) headers.set('vary', `${vary}, Accept-Encoding`);
}
