import { expect, test } from 'vitest';
import { httpOf, oneNetworkFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const route = (match: string, text: string): string =>
  `{match: {prefix: /${match}}, direct_response: {status: 200, body: {inline_string: ${text}}}}`;
const side = ', filter_state: [{key: shop.side, string_match: {exact: 127.0.0.7}}]';

/** Requests of a connection whose filter state is set, to routes that ask for it. */
const played = (values: string, from: readonly string[]) =>
  playWorld(
    {
      config: oneNetworkFilter(
        `{"@type": type.googleapis.com/envoy.extensions.filters.network.set_filter_state.v3.Config, on_new_connection: [${values}]}`,
        httpOf(`[${route(side, 'seven')}, ${route('', 'others')}]`),
      ),
      upstreams: [],
      steps: from.map((address) => ({ request: { to: TO, from: address } })),
    },
    { kinds: ['filter_state_set'] },
  );

const value = (text: string, more = ''): string =>
  `{object_key: shop.side, factory_key: envoy.string, format_string: {text_format_source: {inline_string: "${text}"}}${more}}`;

test('what is known of a connection is put into its filter state, which routes may ask for', () => {
  expect(played(value('%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'), ['127.0.0.7', '127.0.0.8'])).toEqual({
    answers: ['200 seven', '200 others'],
    upstreams: [],
    logged: ['- direct_response', '- direct_response'],
    stats: {},
    said: ['info: The connection has `shop.side` "127.0.0.7".', 'info: The connection has `shop.side` "127.0.0.8".'],
  });
});

test('of two values for one key the later one counts', () => {
  expect(played(`${value('127.0.0.7')}, ${value('none')}`, ['127.0.0.7'])).toEqual({
    answers: ['200 others'],
    upstreams: [],
    logged: ['- direct_response'],
    stats: {},
    said: ['info: The connection has `shop.side` "none".'],
  });
});

test('an empty value is left out where it is told so', () => {
  const seven = value('127.0.0.7');
  const none = value('', ', skip_if_empty: true');
  expect(played(`${none}, ${seven}`, ['127.0.0.1'])).toEqual({
    answers: ['200 seven'],
    upstreams: [],
    logged: ['- direct_response'],
    stats: {},
    said: ['info: The connection has `shop.side` "127.0.0.7".'],
  });
});
