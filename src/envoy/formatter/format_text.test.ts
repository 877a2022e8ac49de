import { expect, test } from 'vitest';
import { HeaderMap } from '../http/header_map.ts';
import { StreamFacts } from '../stream_info/stream_facts.ts';
import { expand, soleValue } from './format_text.ts';
import type { FormatterContext } from './formatter_context.ts';

const context: FormatterContext = {
  request: new HeaderMap([
    [':path', '/a?b=1&c=2'],
    ['x-tenant', 'acme'],
  ]),
  log: { code: 200, flags: 'UF,URX' },
  clusterName: 'web',
  directRemoteAddress: '127.0.0.1:4000',
  dynamicMetadata: { lab: { z: 1, a: ['x'] } },
  filterState: new Map(),
  routeMetadata: undefined,
  clusterMetadata: undefined,
  localAddress: '127.0.0.1:10000',
  remoteAddress: '127.0.0.1:4000',
  facts: new StreamFacts(() => 42, { name: 'ingress', direction: 'UNSPECIFIED' }),
};

test('operators are filled in, cut to their length, and what has no value is said by the word given', () => {
  const text =
    '%REQ(X-TENANT):2% %REQ(X-NONE)% %REQ(X-NONE?X-TENANT)% 100%% %RESPONSE_CODE% %QUERY_PARAM(c)% %START_TIME(%S.%3f)%';
  expect(expand(text, context, '-')).toBe('ac - acme 100% 200 2 20.042');
});

test('the first operator of COALESCE that has a value counts', () => {
  const text =
    '%COALESCE({"operators": [{"command": "REQ", "param": "x-none"}, {"command": "REQ", "param": "x-tenant"}]})%';
  expect(expand(text, context)).toBe('acme');
});

test('a lone operator keeps the type of its value, objects with their keys in order', () => {
  expect([
    soleValue('%RESPONSE_CODE%', context),
    soleValue('%DYNAMIC_METADATA(lab)%', context),
    soleValue('x%PATH%', context),
  ]).toEqual([{ value: 200 }, { value: { a: ['x'], z: 1 } }, undefined]);
});
