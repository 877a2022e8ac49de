import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
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

/** One direction: which bodies are compressed. */
export interface Rules {
  readonly isEnabled: (runtime: Runtime) => boolean;
  readonly minLength: number;
  readonly allowsType: (type: string) => boolean;
}

type DirectionStats = StatSet<(typeof DIRECTION)[number], never, never>;

/** What compresses, and under which name. Another library than gzip marks what it would have compressed, and leaves the bytes alone. */
export interface Library {
  readonly encoding: string;
  readonly compress: Compress | undefined;
}

export interface CompressorConfig {
  readonly node: ConfigNode;
  readonly library: Library;
  /** Undefined where requests are left alone. */
  readonly request: Rules | undefined;
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
  /** Whether responses are compressed, where the route says so. */
  readonly isEnabled: boolean | undefined;
  readonly removesAcceptEncoding: boolean | undefined;
  readonly library: Library | undefined;
}

/** Compresses what the client takes compressed: extensions/filters/http/compressor/compressor_filter.cc. */
export class CompressorFilter implements HttpFilter {
  readonly #config: CompressorConfig;
  readonly #perRoute: CompressorPerRoute | undefined;
  readonly #library: Library;
  readonly #callbacks: FilterCallbacks;
  #acceptEncoding: string | undefined;

  constructor(config: CompressorConfig, perRoute: CompressorPerRoute | undefined, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#perRoute = perRoute;
    this.#library = perRoute?.library ?? config.library;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request, requestBody } = this.#callbacks;
    const { requests } = this.#config;
    const removes = this.#perRoute?.removesAcceptEncoding ?? this.#config.removesAcceptEncoding;
    if (request.has('accept-encoding')) this.#acceptEncoding = request.all('accept-encoding').join(',');
    if (this.#isOn && removes) request.remove('accept-encoding');
    const { compress, encoding } = this.#library;
    if (!compress || !this.#compressesRequest()) {
      requests.not_compressed.inc();
      return 'continue';
    }
    request.remove('content-length');
    request.set('content-encoding', encoding);
    requests.compressed.inc();
    // HTTP/2 tells the end with the last of the body.
    const compressed = compress(requestBody, this.#callbacks.log['protocol'] === 'HTTP/2');
    this.#countBytes(requests, 'request', requestBody, compressed);
    this.#callbacks.requestBody = compressed;
    this.#callbacks.markChunked();
    return 'continue';
  }

  #compressesRequest(): boolean {
    const { request: headers, requestBody, requestTrailers, runtime } = this.#callbacks;
    const rules = this.#config.request;
    if (!rules || (requestBody === '' && !requestTrailers) || !rules.isEnabled(runtime)) return false;
    if (!isLongEnough(headers, rules)) {
      this.#config.requests.content_length_too_small.inc();
      return false;
    }
    return isTypeAllowed(headers, rules) && !headers.has('content-encoding');
  }

  encode(response: HttpResponse): HttpResponse {
    const { responses } = this.#config;
    const { compress, encoding } = this.#library;
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
    headers.set('content-encoding', encoding);
    // The end of an upstream's answer comes behind its body.
    const compressed = compress(body, this.#callbacks.log['upstream_host'] === undefined);
    this.#countBytes(responses, 'response', body, compressed);
    return { ...response, body: compressed };
  }

  #countBytes(stats: DirectionStats, what: 'request' | 'response', body: string, compressed: string): void {
    stats.total_uncompressed_bytes.add(body.length);
    stats.total_compressed_bytes.add(compressed.length);
    this.#callbacks.trace?.record({
      kind: `${what}_compressed`,
      state: 'matched',
      because: this.#config.node.ref,
      sentence: `The body of ${body.length} bytes is compressed to ${compressed.length}.`,
    });
  }

  get #isOn(): boolean {
    return this.#perRoute?.isEnabled ?? this.#config.response.isEnabled(this.#callbacks.runtime);
  }

  /** Why the body stays as it is. Where that is told, what is wrong with the answer comes before what the client takes. */
  #reasonNot(response: HttpResponse): string | undefined {
    const { headers, body, status } = response;
    if (!this.#isOn) return 'Off';
    if (!isLongEnough(headers, this.#config.response)) {
      this.#config.responses.content_length_too_small.inc();
      return 'ContentLengthTooSmall';
    }
    const wrong = this.#wrongWith(headers, status);
    if (wrong !== undefined && this.#config.tellsStatus) return wrong;
    const isAccepted = body !== '' && this.#isAccepted(headers);
    if (wrong === undefined) addVary(headers);
    return wrong ?? (isAccepted ? undefined : 'Off');
  }

  #tellStatus(headers: HeaderMap, status: string): void {
    if (this.#config.tellsStatus) headers.set('x-envoy-compression-status', `${this.#library.encoding};${status}`);
  }

  #wrongWith(headers: HeaderMap, status: number): string | undefined {
    if (!isTypeAllowed(headers, this.#config.response)) return 'ContentTypeNotAllowed';
    if (this.#config.skippedCodes.has(status)) return 'StatusCodeNotAllowed';
    if (/no-transform/i.test(headers.get('cache-control') ?? '') || headers.has('content-encoding')) return 'Off';
    if (!this.#config.skipsEtag || !headers.has('etag')) return undefined;
    this.#config.notCompressedEtag.inc();
    return 'EtagNotAllowed';
  }

  #isAccepted(headers: HeaderMap): boolean {
    const choice = chooseEncoding(
      this.#acceptEncoding,
      this.#library.encoding,
      isTypeAllowed(headers, this.#config.response),
    );
    this.#config.choices[choice].inc();
    return choice === 'header_compressor_used' || choice === 'header_wildcard';
  }
}

/** A length that is not told is long enough. */
function isLongEnough(headers: HeaderMap, { minLength }: Rules): boolean {
  const length = headers.get('content-length');
  return length === undefined || Number(length) >= minLength;
}

/** Without its parameters. */
function isTypeAllowed(headers: HeaderMap, { allowsType }: Rules): boolean {
  const type = headers.get('content-type');
  return type === undefined || allowsType(type.split(';')[0]!.trim());
}

/** Caches have to know that the answer depends on accept-encoding, compressed or not. */
function addVary(headers: HeaderMap): void {
  const vary = headers.get('vary');
  if (vary === undefined || vary === '') headers.set('vary', 'Accept-Encoding');
  // Envoy looks for the very spelling.
  else if (!vary.includes('Accept-Encoding')) headers.set('vary', `${vary}, Accept-Encoding`);
}
