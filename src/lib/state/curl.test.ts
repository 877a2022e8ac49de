import { expect, test } from 'vitest';
import { isCurl, readCurl } from './curl.ts';

test('a curl line gives method, Host, path, headers and body as curl would send them', () => {
  const line = `$ curl -sv -XPUT 'http://127.0.0.1:10000/cart?x=1' \\
    -H 'Host: shop.example' -H "x-user: ada" --data-raw 'a=1&b=2' --connect-timeout 3 --retry-all`;
  expect(isCurl(line)).toBe(true);
  expect(readCurl(line)).toEqual({
    draft: {
      method: 'PUT',
      authority: 'shop.example',
      path: '/cart?x=1',
      headers: 'x-user: ada\ncontent-type: application/x-www-form-urlencoded',
      body: 'a=1&b=2',
      protocol: 'http1',
      isTls: false,
      sni: '',
    },
    ignored: ['--connect-timeout 3', '--retry-all'],
  });
});

test('https brings TLS and its server name, --json its headers, -u its credentials', () => {
  const read = readCurl(`curl --http2 -u ada:secret --json '{"a":1}' https://api.example:8443`);
  expect(read?.draft).toMatchObject({
    method: 'POST',
    authority: 'api.example:8443',
    path: '/',
    isTls: true,
    sni: 'api.example',
    protocol: 'http2',
  });
  expect(read?.draft.headers.split('\n')).toEqual([
    'authorization: Basic YWRhOnNlY3JldA==',
    'accept: application/json',
    'content-type: application/json',
  ]);
});

test('what names no URL is no request', () => {
  expect(readCurl('curl -v')).toBeUndefined();
  expect(isCurl('GET / HTTP/1.1')).toBe(false);
});
