import {
  bytes,
  requestText,
  type HttpResponse,
  type UpstreamReply,
  type UpstreamRequest,
  type UpstreamSocket,
  type UpstreamSocketCallbacks,
} from '#envoy';
import { readResponse } from './response_reader.ts';

/** Sends a request as bytes to an upstream of bytes, and reads its answer; after a switch of protocols both speak bytes. */
export function sendAsBytes(
  request: UpstreamRequest,
  connect: (callbacks: UpstreamSocketCallbacks) => UpstreamSocket,
  answered: (reply: UpstreamReply) => void,
): void {
  const method = request.headers.get(':method') ?? '';
  const { tunnel } = request;
  let text = '';
  let isSwitched = false;
  const read = (isEnd: boolean): void => {
    const found = readResponse(text, method, isEnd);
    if (found.kind === 'complete') answered({ response: found.response, continues: found.continues });
    else if (found.kind === 'switched' && tunnel) {
      isSwitched = true;
      tunnel.onOpen(found.head, {
        write: (more) => socket.write(bytes(more)),
        destroy: () => socket.destroy(),
      });
      if (found.rest !== '') tunnel.onData(found.rest);
    } else if (found.kind === 'unreadable' || found.kind === 'switched') answered({ failure: 'protocol_error' });
    else if (isEnd) answered(found.head ? broken(found.head) : { failure: 'reset' });
  };
  const socket = connect({
    onConnected: () => socket.write(bytes((request.preamble ?? '') + requestText(request.headers, request.body))),
    onFailed: () => answered({ failure: 'refused' }),
    onClose: () => (isSwitched ? answered({ failure: 'reset' }) : read(true)),
    onData: (payload) => {
      if (payload.kind !== 'bytes') return;
      if (isSwitched) return tunnel!.onData(payload.text);
      text += payload.text;
      read(false);
    },
  });
}

const broken = (response: HttpResponse): UpstreamReply => ({ response, cut: 'after_headers' });
