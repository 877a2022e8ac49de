import { expect, test } from 'vitest';
import { grpcCluster, oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const config = oneFilter('{"@type": type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb}', {
  routes: '- {match: {prefix: /}, route: {cluster: grpc}}',
  clusters: grpcCluster('grpc', '127.0.1.2'),
});

/** A call by a browser, to a method that says hello. */
const called = (type: string, body: string, headers: readonly (readonly [string, string])[] = []) =>
  playWorld(
    {
      config,
      upstreams: [
        {
          name: 'grpc',
          address: '127.0.1.2:9000',
          protocol: 'http2',
          replies: [
            {
              headers: [['content-type', 'application/grpc']],
              body: '\0\0\0\0\u0005hello',
              trailers: [['grpc-status', '0']],
            },
          ],
        },
      ],
      steps: [
        {
          request: {
            to: TO,
            protocol: 'http2',
            method: 'POST',
            path: '/shop.Cart/Get',
            body,
            headers: [['content-type', type], ...headers],
          },
        },
      ],
    },
    { kinds: [], counted: /grpc-web/, headers: /^(content-(type|length)|te|grpc-.*)$/ },
  );

const STATS = {
  'cluster.grpc.grpc-web.shop.Cart.Get.0': 1,
  'cluster.grpc.grpc-web.shop.Cart.Get.success': 1,
  'cluster.grpc.grpc-web.shop.Cart.Get.total': 1,
};
const ASKED = 'content-type=application/grpc te=trailers grpc-accept-encoding=identity';

test('a call goes on as gRPC, and the trailers come back at the end of the body', () => {
  expect(called('application/grpc-web+proto', '\0\0\0\0\u0002hi')).toEqual({
    answers: ['200 \0\0\0\0\u0005hello\u0080\0\0\0\u000fgrpc-status:0\r\n content-type=application/grpc-web+proto'],
    upstreams: [`grpc POST /shop.Cart/Get \0\0\0\0\u0002hi ${ASKED}`],
    logged: ['- via_upstream'],
    stats: STATS,
    said: [],
  });
});

test('a call in base64 goes on as bytes, and is answered in base64 where the client accepts that', () => {
  expect(called('application/grpc-web-text', 'AAAAAAJoaQ==', [['accept', 'application/grpc-web-text']])).toEqual({
    answers: ['200 AAAAAAVoZWxsbw==gAAAAA9ncnBjLXN0YXR1czowDQo= content-type=application/grpc-web-text+proto'],
    upstreams: [`grpc POST /shop.Cart/Get \0\0\0\0\u0002hi ${ASKED}`],
    logged: ['- via_upstream'],
    stats: STATS,
    said: [],
  });
});

test('a call in bytes may be answered in base64', () => {
  expect(called('application/grpc-web', '\0\0\0\0\u0002hi', [['accept', 'application/grpc-web-text+proto']])).toEqual({
    answers: ['200 AAAAAAVoZWxsbw==gAAAAA9ncnBjLXN0YXR1czowDQo= content-type=application/grpc-web-text+proto'],
    upstreams: [`grpc POST /shop.Cart/Get \0\0\0\0\u0002hi ${ASKED}`],
    logged: ['- via_upstream'],
    stats: STATS,
    said: [],
  });
});

test('a request of another type is left as it is, answer included', () => {
  expect(called('application/json', '{}')).toEqual({
    answers: ['200 \0\0\0\0\u0005hello content-type=application/grpc grpc-status=0'],
    upstreams: ['grpc POST /shop.Cart/Get {} content-type=application/json'],
    logged: ['- via_upstream'],
    stats: {},
    said: [],
  });
});
