/** A gRPC message with its five bytes in front: not compressed, and how long it is. */
export function frameOf(payload: string): string {
  const { length } = payload;
  const head = [0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
  return String.fromCharCode(...head) + payload;
}

/** The messages of a gRPC body; what is cut off at its end is left out. */
export function messagesOf(body: string): string[] {
  const messages: string[] = [];
  for (let at = 0; at + FRAME_HEAD <= body.length;) {
    const byte = (i: number): number => body.charCodeAt(at + i) & 255;
    const length = byte(1) * 2 ** 24 + (byte(2) << 16) + (byte(3) << 8) + byte(4);
    const end = at + FRAME_HEAD + length;
    if (end > body.length) break;
    messages.push(body.slice(at + FRAME_HEAD, end));
    at = end;
  }
  return messages;
}

/** How many messages begin in a body, the last one whole or not: grpc/codec.cc, FrameInspector. */
export function countFrames(body: string): number {
  let count = 0;
  for (let at = 0; at < body.length; count++) {
    const byte = (i: number): number => body.charCodeAt(at + i) & 255;
    at += FRAME_HEAD + byte(1) * 2 ** 24 + (byte(2) << 16) + (byte(3) << 8) + byte(4);
  }
  return count;
}

const FRAME_HEAD = 5;
