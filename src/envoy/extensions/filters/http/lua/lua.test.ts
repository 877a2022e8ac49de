import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';
import { openLua } from '#lua';
import { linkLibrary } from '../../../../linked_library.ts';

linkLibrary('lua', openLua());

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
default_source_code:
  inline_string: |
    function envoy_on_request(handle)
      if handle:headers():get('x-no') then
        handle:respond({[':status'] = '403'}, 'no')
      end
      handle:headers():add('x-lua', 'yes')
    end
`;

test('a script changes what the upstream is told, or answers by itself', () => {
  const { statuses, upstreamHeaders, said } = playFilter(filter, [{}, { headers: [['x-no', '1']] }], {
    kinds: ['filter_answered'],
  });
  expect({ statuses, told: upstreamHeaders.map((all) => all.filter(([name]) => name === 'x-lua')), said }).toEqual({
    statuses: [200, 403],
    told: [[['x-lua', 'yes']], []],
    said: ['info: `f` answers 403 by itself: no filter behind it sees the request.'],
  });
});
