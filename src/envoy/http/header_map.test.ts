import { expect, it } from 'vitest';
import { HeaderMap } from './header_map.ts';

it('joins the values of a header that Envoy has once', () => {
  const headers = new HeaderMap([
    ['Accept', 'a'],
    ['x-a', '1'],
    ['accept', 'b'],
    ['x-a', '2'],
  ]);
  headers.add('accept', '');
  expect(headers.pairs()).toEqual([
    ['accept', 'a,b'],
    ['x-a', '1'],
    ['x-a', '2'],
  ]);
});

it('has the host of a request by either name', () => {
  const headers = new HeaderMap([[':authority', 'a.example']]);
  expect(headers.get('host')).toBe('a.example');
  headers.replace('host', 'b.example');
  expect(headers.pairs()).toEqual([[':authority', 'b.example']]);
  headers.remove('host');
  expect(headers.has(':authority')).toBe(false);
});
