import { expect, test } from 'vitest';
import { oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const FRAMED = '\0\0\0\0\u0002hi';

/** A call to a server that knows nothing of gRPC. */
function called(more: string, reply: { status?: number; type: string; body: string }) {
  const filter = `{"@type": type.googleapis.com/envoy.extensions.filters.http.grpc_http1_reverse_bridge.v3.FilterConfig, content_type: application/x-protobuf${more}}`;
  const { status, type, body } = reply;
  const { answers, upstreams, logged } = playWorld(
    {
      config: oneFilter(filter),
      upstreams: [
        {
          name: 'web',
          address: '127.0.1.1:8001',
          replies: [{ ...(status === undefined ? {} : { status }), headers: [['content-type', type]], body }],
        },
      ],
      steps: [
        {
          request: {
            to: TO,
            path: '/shop.Cart/Get',
            protocol: 'http2',
            method: 'POST',
            headers: [['content-type', 'application/grpc']],
            body: FRAMED,
          },
        },
      ],
    },
    { kinds: [], headers: /^(content-type|grpc-status)$/ },
  );
  return { answers, upstreams, logged };
}

const type = 'application/x-protobuf';

test('the server sees a plain message, and its status becomes that of the call', () => {
  const upstreams = [`web POST /shop.Cart/Get hi content-type=${type}`];
  const of = (status: number) => called(', withhold_grpc_frames: true', { status, type, body: 'hi' });
  expect([of(200), of(404)]).toEqual([
    { answers: [`200 ${FRAMED} content-type=application/grpc grpc-status=0`], upstreams, logged: ['- via_upstream'] },
    { answers: [`200 ${FRAMED} content-type=application/grpc grpc-status=12`], upstreams, logged: ['- via_upstream'] },
  ]);
});

test('an answer of another type fails the call', () => {
  expect(called('', { type: 'text/html', body: 'hi' })).toEqual({
    answers: ['200  content-type=application/grpc grpc-status=2'],
    upstreams: [`web POST /shop.Cart/Get ${FRAMED} content-type=${type}`],
    logged: ['- grpc_bridge_content_type_wrong'],
  });
});
