import { expect, test } from 'vitest';
import { chainThatSays, oneListenerFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const filter = '{"@type": type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst}';

/** What clients get that send these bytes, and what the filter says. */
function connected(chains: readonly string[], ...sent: readonly string[]) {
  const config = oneListenerFilter(filter, chains);
  const steps = sent.map((raw) => ({ request: { to: TO, raw, listen_ms: 200 } }));
  const { answers, said } = playWorld({ config, upstreams: [], steps }, { kinds: ['original_destination'] });
  return { answers, said };
}

const KEPT = 'info: The original destination is 127.0.0.1:10000.';

test('where nothing is redirected the original destination is the address connected to', () => {
  const chains = [
    chainThatSays('elsewhere', '{destination_port: 80}'),
    chainThatSays('here', '{destination_port: 10000, prefix_ranges: [{address_prefix: 127.0.0.1, prefix_len: 32}]}'),
  ];
  expect(connected(chains, 'x')).toEqual({ answers: ['here'], said: [KEPT] });
});

test('no byte is waited for', () => {
  expect(connected([chainThatSays('any', '{}')], '')).toEqual({ answers: ['any'], said: [KEPT] });
});

test('a destination that no chain asks for has none', () => {
  expect(connected([chainThatSays('elsewhere', '{destination_port: 80}')], 'x')).toEqual({
    answers: [''],
    said: [KEPT],
  });
});
