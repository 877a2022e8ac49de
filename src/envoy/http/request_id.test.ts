import { expect, test } from 'vitest';
import { seededRandom } from '#sim';
import { HeaderMap } from './header_map.ts';
import { UuidRequestId } from './request_id.ts';

const ID = '01234567-89ab-4cde-8f01-23456789abcd';
const extension = new UuidRequestId(undefined, seededRandom('request_id'));

test('the decision to trace is the fifteenth character of a uuid; other ids are left as they are', () => {
  const written = (id: string): [string | undefined, string] => {
    const headers = new HeaderMap([['x-request-id', id]]);
    extension.setReason(headers, 'service_forced');
    return [headers.get('x-request-id'), extension.reasonOf(headers)];
  };
  expect([written(ID), written('not-a-uuid')]).toEqual([
    ['01234567-89ab-acde-8f01-23456789abcd', 'service_forced'],
    ['not-a-uuid', 'not_traceable'],
  ]);
});

test('an external client at the edge gets a new id, or keeps its own without the decision', () => {
  const forced = new HeaderMap([['x-request-id', ID.replace('-4cde', '-acde')]]);
  extension.set(forced, true, true);
  const replaced = new HeaderMap([['x-request-id', ID]]);
  extension.set(replaced, true, false);
  expect(forced.get('x-request-id')).toBe(ID);
  expect(replaced.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(replaced.get('x-request-id')).not.toBe(ID);
});
