/** What has come of the answer to a tunnel's request: its head at the first time, and bytes from inside. */
interface TunnelAnswer {
  readonly head?: { readonly status: number; readonly headers: readonly (readonly [string, string])[] };
  readonly text: string;
  /** The answer is whole: nothing more comes from inside. */
  readonly isOver: boolean;
}

const HOP_BY_HOP = new Set(['connection', 'transfer-encoding', 'keep-alive']);

/** The request that carries a connection, and its answer, as bytes of HTTP/1: tcp_proxy/upstream.cc, HttpUpstream. */
export class TunnelStream {
  /** The bytes that open it. */
  readonly head: string;
  readonly #isChunked: boolean;
  #buffered = '';
  #framing: 'head' | 'bytes' | 'chunks' | number = 'head';

  constructor(head: string, isChunked: boolean) {
    this.head = head;
    this.#isChunked = isChunked;
  }

  get isOpen(): boolean {
    return this.#framing !== 'head';
  }

  /** Bytes of the connection as the request carries them. */
  encode(text: string): string {
    return this.#isChunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text;
  }

  /** What ends the request, where anything does but the end of its connection. */
  get trailer(): string {
    return this.#isChunked ? '0\r\n\r\n' : '';
  }

  read(text: string): TunnelAnswer {
    this.#buffered += text;
    const head = this.#framing === 'head' ? this.#readHead() : undefined;
    return { ...(head && { head }), ...this.#readBody() };
  }

  #readHead(): TunnelAnswer['head'] {
    const end = this.#buffered.indexOf('\r\n\r\n');
    const [start = '', ...lines] = this.#buffered.slice(0, end).split('\r\n');
    const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(start) ?? [];
    if (end < 0 || status === undefined) return undefined;
    this.#buffered = this.#buffered.slice(end + 4);
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    this.#framing = this.#framingOf(new Map(headers));
    return { status: Number(status), headers: headers.filter(([name]) => !HOP_BY_HOP.has(name)) };
  }

  /** The answer to a CONNECT has no body: all is of the tunnel. */
  #framingOf(headers: ReadonlyMap<string, string>): 'bytes' | 'chunks' | number {
    if (!this.#isChunked) return 'bytes';
    if (headers.get('transfer-encoding')?.includes('chunked')) return 'chunks';
    return headers.has('content-length') ? Number(headers.get('content-length')) : 'bytes';
  }

  #readBody(): { text: string; isOver: boolean } {
    if (this.#framing === 'head') return { text: '', isOver: false };
    if (this.#framing === 'chunks') return this.#readChunks();
    const text = this.#framing === 'bytes' ? this.#buffered : this.#buffered.slice(0, this.#framing);
    this.#buffered = '';
    if (this.#framing === 'bytes') return { text, isOver: false };
    this.#framing -= text.length;
    return { text, isOver: this.#framing === 0 };
  }

  #readChunks(): { text: string; isOver: boolean } {
    let text = '';
    for (;;) {
      // What is no chunk breaks the answer off.
      if (!/^([0-9a-f]+(\r|$)|$)/i.test(this.#buffered)) return { text, isOver: true };
      const [line, size] = /^([0-9a-f]+)\r\n/i.exec(this.#buffered) ?? [];
      const length = parseInt(size ?? '', 16);
      if (line === undefined || this.#buffered.length < line.length + length + 2) return { text, isOver: false };
      text += this.#buffered.slice(line.length, line.length + length);
      this.#buffered = this.#buffered.slice(line.length + length + 2);
      if (length === 0) return { text, isOver: true };
    }
  }
}
