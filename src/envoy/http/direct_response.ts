import type { ConfigNode } from '../config_node.ts';
import { compileOnce } from '../compile_once.ts';
import { inlineText } from '../data_source.ts';
import { redirectOf, rewriteRedirected } from '../router/rewrite.ts';
import { compileBodyFormat } from './local_reply.ts';
import type { Stream } from './stream.ts';

const CREATED = 201;

/** Answers with another place to ask. */
export function redirectTo(stream: Stream, status: number, location: string | undefined, details: string): void {
  if (location !== undefined) stream.localHeaders.push(['location', location]);
  stream.sendLocalReply(status, '', '-', details);
}

/** The route's `redirect`. */
export function redirect(stream: Stream): void {
  const { status, location } = redirectOf(stream);
  rewriteRedirected(stream);
  stream.logRequest();
  stream.managerStats.rq_direct_response.inc();
  // A CONNECT has no path that could lead anywhere.
  redirectTo(stream, status, stream.request.has(':path') ? location : undefined, 'direct_response');
}

/** `require_tls` of the virtual host. */
export function redirectToTls(stream: Stream): void {
  const { request, managerStats } = stream;
  managerStats.rq_total.inc();
  managerStats.rq_direct_response.inc();
  redirectTo(stream, 301, `https://${request.get(':authority') ?? ''}${request.get(':path') ?? ''}`, 'direct_response');
}

/** The route's `direct_response`. */
export function respondDirectly(stream: Stream, node: ConfigNode): void {
  const { request } = stream;
  stream.managerStats.rq_direct_response.inc();
  const status = node.number('status') ?? 200;
  if (status === CREATED || (status >= 300 && status < 400))
    stream.localHeaders.push([
      'location',
      `${request.get(':scheme')}://${request.get(':authority') ?? ''}${request.get(':path') ?? ''}`,
    ]);
  const body = inlineText(node.child('body')) ?? '';
  const format = formatOf(node);
  if (!format) return stream.sendLocalReply(status, body, '-', 'direct_response');
  const text = format.write({ ...stream.context(), localReplyBody: body });
  stream.sendLocalReply(status, text, '-', 'direct_response', {
    mutateHeaders: (headers) => headers.set('content-type', format.contentType),
  });
}

/** A route that has nothing to do, such as one with `non_forwarding_action`. */
export function refuseToForward(stream: Stream): void {
  stream.managerStats.no_cluster.inc();
  stream.sendLocalReply(503, '', 'NC', 'cluster_not_found');
}

const formatOf = compileOnce((node) => compileBodyFormat(node.child('body_format')));
