import { expect, test } from 'vitest';
import { HeaderMap } from '../http/header_map.ts';
import { invalidHeader } from './strict_headers.ts';

const NAMES = ['x-envoy-max-retries', 'x-envoy-retry-on', 'x-envoy-retry-grpc-on'];

test('headers that are right, or not there, are let through', () => {
  const request = new HeaderMap([
    ['x-envoy-max-retries', '3'],
    ['x-envoy-retry-on', '5xx, connect-failure'],
  ]);
  expect(invalidHeader(NAMES, request)).toBeUndefined();
});

test('the first header of the list that means nothing is named with its value', () => {
  const request = new HeaderMap([
    ['x-envoy-retry-grpc-on', 'cancelled,soon'],
    ['x-envoy-retry-on', '5xx,never'],
  ]);
  expect(invalidHeader(NAMES, request)).toEqual({ name: 'x-envoy-retry-on', value: '5xx,never' });
});
