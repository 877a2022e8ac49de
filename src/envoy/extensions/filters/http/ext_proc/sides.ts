import type { FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { withBody } from './bodies.ts';

export type Direction = 'request' | 'response';

/** A message on its way, whichever way that is: what the processor is shown of it, and what it may change. */
export interface Side {
  readonly direction: Direction;
  readonly headers: HeaderMap;
  readonly trailers: HeaderMap | undefined;
  readonly body: string;
  /** Of a response. */
  readonly response: HttpResponse | undefined;
  /** The pieces in which the body comes where nobody holds it up: HTTP/1 tells its end behind it. */
  readonly pieces: readonly string[];
  setBody(body: string): void;
  setStatus(status: number): void;
  /** Goes on to the next filter. */
  proceed(): void;
}

const piecesOf = (body: string, isEndApart: boolean): readonly string[] => (isEndApart ? [body, ''] : [body]);

export class RequestSide implements Side {
  readonly direction = 'request';
  readonly response = undefined;
  readonly #callbacks: FilterCallbacks;

  constructor(callbacks: FilterCallbacks) {
    this.#callbacks = callbacks;
  }

  get headers(): HeaderMap {
    return this.#callbacks.request;
  }

  get trailers(): HeaderMap | undefined {
    return this.#callbacks.requestTrailers;
  }

  get body(): string {
    return this.#callbacks.requestBody;
  }

  get pieces(): readonly string[] {
    return piecesOf(this.body, this.#callbacks.connection.protocol === 'http1');
  }

  setBody(body: string): void {
    this.#callbacks.requestBody = body;
    if (body === '' && !this.headers.has('content-length')) this.#callbacks.markChunked();
  }

  setStatus(): void {
    // A request has none.
  }

  proceed(): void {
    this.#callbacks.continueDecoding();
  }
}

export class ResponseSide implements Side {
  readonly direction = 'response';
  response: HttpResponse;
  readonly #callbacks: FilterCallbacks;

  constructor(response: HttpResponse, callbacks: FilterCallbacks) {
    this.response = response;
    this.#callbacks = callbacks;
  }

  get headers(): HeaderMap {
    return this.response.headers;
  }

  get trailers(): HeaderMap | undefined {
    return this.response.trailers;
  }

  get body(): string {
    return this.response.body;
  }

  get pieces(): readonly string[] {
    const { log, cluster, connection } = this.#callbacks;
    // What Envoy answers by itself is whole.
    const isWhole = log['upstream_host'] === undefined || this.trailers !== undefined;
    return piecesOf(this.body, !isWhole && cluster?.speaksHttp2(connection.protocol) !== true);
  }

  setBody(body: string): void {
    this.response = withBody(this.response, body);
  }

  setStatus(status: number): void {
    this.response = { ...this.response, status };
  }

  proceed(): void {
    this.#callbacks.continueEncoding(this.response);
  }
}
