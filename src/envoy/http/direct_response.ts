import type { ConfigNode } from '../config_node.ts';
import { inlineText } from '../data_source.ts';
import { redirectOf, rewriteRedirected } from '../router/rewrite.ts';
import type { Connection } from '../seams.ts';
import type { Stream } from './stream.ts';

const CREATED = 201;

/** Answers with another place to ask. */
export function redirectTo(stream: Stream, status: number, location: string, details: string): void {
  stream.localHeaders.push(['location', location]);
  stream.sendLocalReply(status, '', '-', details);
}

/** The route's `redirect`. */
export function redirect(stream: Stream, connection: Connection): void {
  const { status, location } = redirectOf(stream.route!, stream.request, connection.tls ? 'https' : 'http');
  rewriteRedirected(stream.route!, stream.request, stream.suppressEnvoyHeaders);
  stream.logRequest();
  stream.managerStats.rq_direct_response.inc();
  redirectTo(stream, status, location, 'direct_response');
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
  stream.sendLocalReply(status, inlineText(node.child('body')) ?? '', '-', 'direct_response');
}
