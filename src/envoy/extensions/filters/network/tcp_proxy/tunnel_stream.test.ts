import { expect, test } from 'vitest';
import { TunnelStream } from './tunnel_stream.ts';

/** All that comes of an answer in these parts. */
const read = (isPost: boolean, ...parts: readonly string[]) => {
  const stream = new TunnelStream('', isPost);
  return parts.map((part) => stream.read(part));
};

test('the answer to a CONNECT is a head, and all behind it is of the tunnel', () => {
  expect(read(false, 'HTTP/1.1 200 OK\r\nx-a: b', '\r\nconnection: close\r\n\r\nhel', 'lo')).toEqual([
    { text: '', isOver: false },
    { head: { status: 200, headers: [['x-a', 'b']] }, text: 'hel', isOver: false },
    { text: 'lo', isOver: false },
  ]);
});

test('the answer to a POST comes in chunks, whatever parts they come in', () => {
  const head = { status: 200, headers: [] };
  expect(read(true, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe', 'llo\r\n0\r\n\r\n')).toEqual([
    { head, text: '', isOver: false },
    { text: 'hello', isOver: true },
  ]);
});

test('an answer with a length is over at its end, and a broken chunk ends one too', () => {
  const [whole] = read(true, 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi');
  const [broken] = read(true, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense');
  expect([whole?.text, whole?.isOver, broken?.text, broken?.isOver]).toEqual(['hi', true, '', true]);
});

test('a POST carries chunks and says its end, a CONNECT neither', () => {
  const [post, connect] = [new TunnelStream('', true), new TunnelStream('', false)];
  expect([post.encode('ping'), post.trailer, connect.encode('ping'), connect.trailer]).toEqual([
    '4\r\nping\r\n',
    '0\r\n\r\n',
    'ping',
    '',
  ]);
});
