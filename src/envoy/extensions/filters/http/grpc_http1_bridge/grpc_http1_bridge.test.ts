import { expect, test } from 'vitest';
import { playFilter } from '../../../../../../tests/one_filter.ts';

const filter = `
"@type": type.googleapis.com/envoy.extensions.filters.http.grpc_http1_bridge.v3.Config
upgrade_protobuf_to_grpc: true
`;

test('a protobuf request of HTTP/1 goes on as gRPC, without the length that it had; others go on as they are', () => {
  const post = (type: string) => ({ method: 'POST', body: 'abc', headers: [['content-type', type]] as const });
  const { upstreamHeaders } = playFilter(filter, [post('application/x-protobuf'), post('text/plain')], { kinds: [] });
  const seen = upstreamHeaders.map((headers) => headers.filter(([name]) => /^content-/.test(name)));
  expect(seen).toEqual([
    [['content-type', 'application/grpc']],
    [
      ['content-type', 'text/plain'],
      ['content-length', '3'],
    ],
  ]);
});
