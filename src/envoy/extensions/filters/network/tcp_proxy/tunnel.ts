import type { Random } from '#sim';
import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import type { FormatterContext } from '../../../../formatter/formatter_context.ts';
import { UuidRequestId } from '../../../../http/request_id.ts';
import type { NetworkConnection } from '../../../../network/filter.ts';
import { TunnelStream } from './tunnel_stream.ts';

const METADATA = 'envoy.filters.network.tcp_proxy';

/** `tunneling_config`: the connection travels inside an HTTP CONNECT (or POST) to the upstream. */
export interface Tunnel {
  readonly node: ConfigNode;
  /** One connection inside one request. */
  open(connection: NetworkConnection, context: FormatterContext): TunnelStream;
}

export function compileTunnel(node: ConfigNode | undefined, random: Random): Tunnel | undefined {
  if (!node) return undefined;
  const hostname = node.text('hostname') ?? '';
  const added = node.list('headers_to_add').map((one) => {
    const header = one.child('header');
    return [header?.text('key')?.toLowerCase() ?? '', header?.text('value') ?? ''] as const;
  });
  const isPost = node.flag('use_post');
  const idOf = compileRequestId(node, random);
  return {
    node,
    open: (connection, context) => {
      const host = expand(hostname, context, '-');
      const start = isPost ? `POST ${node.text('post_path') ?? '/'} HTTP/1.1` : `CONNECT ${host} HTTP/1.1`;
      const lines = added
        .map(([name, value]) => [name, expand(value, context, '')] as const)
        .flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
      const framing = isPost ? ['transfer-encoding: chunked'] : [];
      const head = [start, `host: ${host}`, ...lines, ...idOf(connection), ...framing, '', ''].join('\r\n');
      return new TunnelStream(head, isPost);
    },
  };
}

/** `request_id_extension`: an id that the upstream and the access log are told. */
function compileRequestId(node: ConfigNode, random: Random): (connection: NetworkConnection) => string[] {
  const config = node.child('request_id_extension');
  if (!config) return () => [];
  const ids = new UuidRequestId(config.child('typed_config'), random);
  const header = node.text('request_id_header') || 'x-request-id';
  const key = node.text('request_id_metadata_key') || 'tunnel_request_id';
  return ({ dynamicMetadata }) => {
    const id = ids.makeUp();
    dynamicMetadata[METADATA] = { ...(dynamicMetadata[METADATA] as object | undefined), [key]: id };
    return [`${header}: ${id}`];
  };
}
