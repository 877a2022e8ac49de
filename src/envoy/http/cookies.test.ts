import { expect, test } from 'vitest';
import { cookieValue, setCookieValue } from './cookies.ts';
import { HeaderMap } from './header_map.ts';

test('the first cookie of a name counts, over all headers, without its quotes', () => {
  const request = new HeaderMap([
    ['cookie', 'a=1;b="two"; c='],
    ['cookie', 'b=3; d="'],
  ]);
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => cookieValue(request, name))).toEqual(['1', 'two', '', '"', undefined]);
});

test('a cookie that is set says its age, its path and what else it has', () => {
  expect(setCookieValue({ name: 's', value: 'x', path: '/p', maxAgeS: 60, attributes: ['SameSite=Lax'] })).toBe(
    's="x"; Max-Age=60; Path=/p; SameSite=Lax; HttpOnly',
  );
  expect(setCookieValue({ name: 's', value: 'x', path: '', maxAgeS: 0 })).toBe('s="x"; HttpOnly');
});
