import { expect, test } from 'vitest';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

/** One message of two bytes. */
const MESSAGE = '\0\0\0\0\u0002hi';

const call = (path: string, body = MESSAGE, type = 'application/grpc') => ({
  request: { to: TO, method: 'POST', path, body, headers: [['content-type', type]] as const },
});

/** Calls that are answered with two messages and these statuses, and what is counted of them. */
function counted(fields: string, steps: readonly ReturnType<typeof call>[], statuses = ['0']) {
  const replies = statuses.map((status) => ({
    headers: [
      ['content-type', 'application/grpc'],
      ['grpc-status', status],
    ] as const,
    body: MESSAGE + MESSAGE,
  }));
  const { stats } = playWorld(
    {
      config: oneFilter(
        `{"@type": type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig${fields}}`,
      ),
      upstreams: [{ name: 'web', address: '127.0.1.1:8001', replies }],
      steps,
    },
    { kinds: [], counted: /\.grpc\./ },
  );
  return Object.fromEntries(
    Object.entries(stats).map(([name, value]) => [name.replace('cluster.web.grpc.', ''), value]),
  );
}

test('without a word of methods all calls are counted together, by their status', () => {
  const calls = [call('/shop.Cart/Add'), call('/shop.Orders/Get'), call('/shop.Orders/Get')];
  expect(counted('', calls, ['0', '5'])).toEqual({
    0: 1,
    5: 2,
    failure: 2,
    request_message_count: 3,
    response_message_count: 6,
    success: 1,
    total: 3,
  });
});

test('with statistics for all methods each is counted by itself', () => {
  expect(counted(', stats_for_all_methods: true', [call('/shop.Cart/Add'), call('/shop.Orders/Get')])).toEqual({
    'shop.Cart.Add.0': 1,
    'shop.Cart.Add.request_message_count': 1,
    'shop.Cart.Add.response_message_count': 2,
    'shop.Cart.Add.success': 1,
    'shop.Cart.Add.total': 1,
    'shop.Orders.Get.0': 1,
    'shop.Orders.Get.request_message_count': 1,
    'shop.Orders.Get.response_message_count': 2,
    'shop.Orders.Get.success': 1,
    'shop.Orders.Get.total': 1,
  });
});

test('the dots of a service become underscores where that is asked for', () => {
  const fields = ', stats_for_all_methods: true, replace_dots_in_grpc_service_name: true';
  expect(counted(fields, [call('/shop.Cart/Add')])).toEqual({
    'shop_Cart.Add.0': 1,
    'shop_Cart.Add.request_message_count': 1,
    'shop_Cart.Add.response_message_count': 2,
    'shop_Cart.Add.success': 1,
    'shop_Cart.Add.total': 1,
  });
});

test('only methods of the list are counted by themselves, the others together', () => {
  const list = 'individual_method_stats_allowlist: {services: [{name: shop.Cart, method_names: [Add]}]}';
  const calls = [call('/shop.Cart/Add'), call('/shop.Cart/Drop'), call('/shop.Orders/Add')];
  expect(counted(`, ${list}`, calls)).toEqual({
    0: 2,
    request_message_count: 2,
    response_message_count: 4,
    success: 2,
    total: 2,
    'shop.Cart.Add.0': 1,
    'shop.Cart.Add.request_message_count': 1,
    'shop.Cart.Add.response_message_count': 2,
    'shop.Cart.Add.success': 1,
    'shop.Cart.Add.total': 1,
  });
});

test('a call without messages counts as a call, and a request that is no gRPC not at all', () => {
  expect(counted('', [call('/shop.Cart/Add', ''), call('/shop.Cart/Add', MESSAGE, 'text/plain')])).toEqual({
    0: 1,
    response_message_count: 2,
    success: 1,
    total: 1,
  });
});
