import type { FormatterContext } from '../formatter/formatter_context.ts';
import { tagValues, type CustomTag } from './custom_tags.ts';

const FIRST_SERVER_ERROR = 500;

/** How the tags of one connection manager's spans are made. */
export interface SpanTagOptions {
  readonly custom: readonly CustomTag[];
  readonly maxPathLength: number;
}

const headerOr = (context: FormatterContext, name: string, otherwise = ''): string =>
  context.request.get(name) ?? otherwise;

function urlOf(context: FormatterContext, maxPathLength: number): string {
  const path = headerOr(context, 'x-envoy-original-path', headerOr(context, ':path')).slice(0, maxPathLength);
  return `${headerOr(context, ':scheme', 'http')}://${headerOr(context, ':authority')}${path}`;
}

/** What every span of a request says of it: tracing/http_tracer_impl.cc, finalizeDownstreamSpan. */
export function spanTags(context: FormatterContext, { custom, maxPathLength }: SpanTagOptions): Record<string, string> {
  const { log, clusterName } = context;
  const logged = (name: string, otherwise: string | number): string => String(log[name] ?? otherwise);
  const code = Number(log['code'] ?? 0);
  return {
    component: 'proxy',
    'guid:x-request-id': headerOr(context, 'x-request-id'),
    'http.url': urlOf(context, maxPathLength),
    'http.method': headerOr(context, ':method'),
    downstream_cluster: headerOr(context, 'x-envoy-downstream-service-cluster', '-'),
    user_agent: headerOr(context, 'user-agent', '-'),
    'http.protocol': logged('protocol', ''),
    'peer.address': context.directRemoteAddress.replace(/:\d+$/, ''),
    request_size: logged('bytes_received', 0),
    response_size: logged('bytes_sent', 0),
    response_flags: logged('flags', '-'),
    'http.status_code': String(code),
    ...(clusterName === undefined ? {} : { upstream_cluster: clusterName, 'upstream_cluster.name': clusterName }),
    ...(code >= FIRST_SERVER_ERROR || code === 0 ? { error: 'true' } : {}),
    ...tagValues(custom, context),
  };
}
