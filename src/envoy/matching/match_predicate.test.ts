import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import { compileResponsePredicate } from './match_predicate.ts';

const fits = (predicate: Record<string, unknown>, status: number, headers: [string, string][] = []): boolean =>
  compileResponsePredicate(new ConfigNode(predicate as never, { resource: 'web', path: [] }))({
    status,
    headers: new HeaderMap(headers),
  });
const statusIs = (exact: string): unknown => ({
  httpResponseHeadersMatch: { headers: [{ name: ':status', stringMatch: { exact } }] },
});
const bad = { httpResponseHeadersMatch: { headers: [{ name: 'x-bad', presentMatch: true }] } };

test('the status is a header like the others', () => {
  expect([fits(statusIs('404') as never, 404), fits(statusIs('404') as never, 200)]).toEqual([true, false]);
});

test('predicates are joined by and, or and not', () => {
  const either = { orMatch: { rules: [statusIs('404'), bad] } };
  const both = { andMatch: { rules: [statusIs('404'), bad] } };
  expect([
    fits(either, 200, [['x-bad', '1']]),
    fits(both, 404),
    fits(both, 404, [['x-bad', '1']]),
    fits({ notMatch: either }, 200),
    fits({ anyMatch: true }, 200),
  ]).toEqual([true, false, true, true, true]);
});
