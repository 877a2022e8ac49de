import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';
import { cdnIdsOf } from './cdn_info.ts';

const CONFIG = '{"@type": type.googleapis.com/envoy.extensions.filters.http.cdn_loop.v3.CdnLoopConfig, cdn_id: a}';

test('a request that has been through this CDN is refused, and any other is marked', () => {
  const { statuses, upstreamHeaders, said } = playFilter(
    CONFIG,
    [{}, { headers: [['cdn-loop', 'b;v=1']] }, { headers: [['cdn-loop', 'a']] }, { headers: [['cdn-loop', 'a b']] }],
    { kinds: ['cdn_loop'] },
  );
  expect({ statuses, marks: upstreamHeaders.map((all) => new Map(all).get('cdn-loop')), said }).toEqual({
    statuses: [200, 200, 502, 400],
    marks: ['a', 'b;v=1,a', undefined, undefined],
    said: [
      'matched: The request has been through `a` 0 times: 0 are allowed.',
      'matched: The request has been through `a` 0 times: 0 are allowed.',
      'failed: The request has been through `a` 1 times: 0 are allowed.',
      'failed: The header `cdn-loop` cannot be read.',
    ],
  });
});

test('the names of CDNs are tokens or addresses, with ports and parameters', () => {
  expect(['', ' , a:80 ;x="1,\\"2" , [::1]:8080', 'a;', 'a b', '"a"'].map(cdnIdsOf)).toEqual([
    [],
    ['a:80', '[::1]:8080'],
    undefined,
    undefined,
    undefined,
  ]);
});
