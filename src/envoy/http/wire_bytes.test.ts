import { expect, test } from 'vitest';
import { HeaderMap } from './header_map.ts';
import { receivedRequest, sentRequest, sentResponse } from './wire_bytes.ts';

const request = (...own: [string, string][]): HeaderMap =>
  new HeaderMap([[':method', 'POST'], [':path', '/p'], [':authority', 's.example'], ...own]);

test('a request has as many bytes as its text; of what is received each header line counts one less', () => {
  const text = 'POST /p HTTP/1.1\r\nhost: s.example\r\ncontent-length: 5\r\n\r\nhello';
  const headers = request(['content-length', '5']);
  expect(sentRequest(headers, 5)).toEqual({ wire: text.length, headers: 17 + 19 });
  expect(receivedRequest(headers, 5)).toEqual({ wire: text.length, headers: 16 + 18 });
});

test('a body in chunks has its frame around it', () => {
  const text = 'POST /p HTTP/1.1\r\nhost: s.example\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  expect(sentRequest(request(['transfer-encoding', 'chunked']), 5).wire).toBe(text.length);
});

test('an answer has a date of its own length, says that the connection ends, and goes in chunks without a length', () => {
  const date = 'Wed, 25 Nov 2026 10:00:00 GMT';
  const text = `HTTP/1.1 404 Not Found\r\ndate: ${date}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n`;
  const headers = new HeaderMap([['date', '<date>']]);
  expect(sentResponse(404, headers, { bodyLength: 2, closes: true }).wire).toBe(text.length);
});
