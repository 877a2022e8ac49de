import { durationMs, type JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import { HeadersToAdd } from '../http/header_mutation.ts';
import { hostAndPath } from '../http/url.ts';
import { ENVOY_VERSION_TEXT } from '../server/envoy_version.ts';
import type { CollectorServices } from './collector.ts';

/** Sends one request of OTLP, and tells whether it was taken. */
type Send = (request: JsonObject, done: (isTaken: boolean) => void) => void;

export const otlpOverGrpc =
  (service: ConfigNode, method: string, { grpc }: CollectorServices): Send =>
  (request, done) =>
    void grpc.unary(service, method, request, (answer) => done('message' in answer));

/** `core.v3.HttpService`. */
export function otlpOverHttp(service: ConfigNode, { http }: CollectorServices): Send {
  const uri = service.child('http_uri');
  const { host, path } = hostAndPath(uri?.text('uri') ?? '');
  const cluster = uri?.text('cluster') ?? '';
  const added = new HeadersToAdd(service.list('request_headers_to_add'));
  return (request, done) => {
    if (!http.hasCluster(cluster)) return done(false);
    const headers = new HeaderMap([
      [':method', 'POST'],
      [':path', path],
      [':authority', host],
      ['content-type', 'application/x-protobuf'],
      ['user-agent', `OTel-OTLP-Exporter-Envoy/${ENVOY_VERSION_TEXT}`],
    ]);
    added.addFixed(headers);
    const timeoutMs = durationMs(uri?.text('timeout')) ?? 0;
    http.send({ cluster, headers, body: JSON.stringify(request), timeoutMs, sendsForwardedFor: true }, ({ response }) =>
      done(response.status >= 200 && response.status < 300),
    );
  };
}
