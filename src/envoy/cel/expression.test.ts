import { expect, test } from 'vitest';
import { cel } from '#cel';
import { HeaderMap } from '../http/header_map.ts';
import { LibraryNotLinked, linkLibrary } from '../linked_library.ts';
import { compileCelText } from './expression.ts';

const facts = {
  request: new HeaderMap([
    [':method', 'GET'],
    [':path', '/a?b=1'],
    ['x-tenant', 'acme'],
  ]),
  log: { code: 503 },
  dynamicMetadata: { shop: { plan: 'gold' } },
  filterState: new Map<string, string>(),
  localAddress: '127.0.0.1:10000',
  remoteAddress: '127.0.0.9:40000',
};

test('an expression asks for the library by its name until it is linked', () => {
  expect(() => compileCelText('true')).toThrow(new LibraryNotLinked('cel'));
});

test('attributes have the names and types of Envoy, and what is not there has no value', () => {
  linkLibrary('cel', cel);
  const values = [
    'request.url_path',
    'response.code >= 500 && destination.port == 10000',
    'metadata.filter_metadata["shop"]["plan"] == "gold"',
    'request.headers["x-none"] == ""',
  ].map((text) => compileCelText(text)?.(facts));
  expect(values).toEqual(['/a', true, true, undefined]);
});

test('texts are not joined, as Envoy leaves that out unless it is asked for', () => {
  linkLibrary('cel', cel);
  expect(compileCelText('request.headers["x-tenant"] + request.url_path')?.(facts)).toBeUndefined();
});
