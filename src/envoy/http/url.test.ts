import { expect, test } from 'vitest';
import { hostAndPath, hostOfAuthority, readUrl } from './url.ts';

test('a URL has a scheme of HTTP and a host; what follows may be a path, a query, or nothing', () => {
  expect(
    ['http://a.example/b?c', 'HTTPS://a:1?q', 'https://a', 'a.example/b', 'ftp://a/', 'http://'].map(readUrl),
  ).toEqual([
    { authority: 'a.example', path: '/b?c' },
    { authority: 'a:1', path: '?q' },
    { authority: 'a', path: '' },
    undefined,
    undefined,
    undefined,
  ]);
});

test('a host is told from its port, in brackets or not', () => {
  expect(['a:80', 'a', '[::1]:80', '[::1]'].map(hostOfAuthority)).toEqual(['a', 'a', '::1', '::1']);
});

test('a URI of a service may do without its scheme, and without a path it asks for the root', () => {
  expect(['https://a.example/b', 'a.example/b?c', 'a.example'].map(hostAndPath)).toEqual([
    { host: 'a.example', path: '/b' },
    { host: 'a.example', path: '/b?c' },
    { host: 'a.example', path: '/' },
  ]);
});
