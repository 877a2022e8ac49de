import {
  bytes,
  HeaderMap,
  requestText,
  type HttpResponse,
  type UpstreamReply,
  type UpstreamRequest,
  type UpstreamSocket,
  type UpstreamSocketCallbacks,
} from '#envoy';

/** Sends a request as bytes, and speaks bytes once the upstream has switched protocols. */
export function sendTunnelRequest(
  request: UpstreamRequest,
  connect: (callbacks: UpstreamSocketCallbacks) => UpstreamSocket,
  answered: (reply: UpstreamReply) => void,
): void {
  const tunnel = request.tunnel!;
  let text = '';
  let isOpen = false;
  const socket = connect({
    onConnected: () => socket.write(bytes(requestText(request.headers, ''))),
    onFailed: () => answered({ failure: 'refused' }),
    onClose: () => answered({ failure: 'reset' }),
    onData: (payload) => {
      if (payload.kind !== 'bytes') return;
      if (isOpen) return tunnel.onData(payload.text);
      text += payload.text;
      const head = readHead(text);
      if (head === 'incomplete') return;
      if (head === 'unreadable') return answered({ failure: 'protocol_error' });
      const isConnect = request.headers.get(':method') === 'CONNECT';
      if (head.status !== 101 && !(isConnect && head.status >= 200 && head.status < 300)) {
        const response = wholeOf(head);
        if (response) answered({ response });
        return;
      }
      isOpen = true;
      tunnel.onOpen(
        { ...head, body: '' },
        { write: (more) => socket.write(bytes(more)), destroy: () => socket.destroy() },
      );
      if (head.body !== '') tunnel.onData(head.body);
    },
  });
}

/** Status, headers and what has come behind them. */
export function readHead(text: string): HttpResponse | 'incomplete' | 'unreadable' {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n');
  if (end < 0) return text.startsWith('HTTP/1.'.slice(0, text.length)) ? 'incomplete' : 'unreadable';
  const [, status] = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(start) ?? [];
  if (status === undefined) return 'unreadable';
  const headers = new HeaderMap();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return 'unreadable';
    headers.add(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers, body: text.slice(end + 4) };
}

/** The response once all of its body has come. */
function wholeOf(head: HttpResponse): HttpResponse | undefined {
  const length = Number(head.headers.get('content-length') ?? 0);
  return head.body.length < length ? undefined : { ...head, body: head.body.slice(0, length) };
}
