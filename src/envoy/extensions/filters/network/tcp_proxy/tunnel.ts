import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import type { FormatterContext } from '../../../../formatter/formatter_context.ts';

/** `tunneling_config`: the connection travels inside an HTTP CONNECT (or POST) to the upstream. */
export interface Tunnel {
  readonly node: ConfigNode;
  /** The request that opens it, as the bytes of HTTP/1. */
  open(context: FormatterContext): string;
}

export function compileTunnel(node: ConfigNode | undefined): Tunnel | undefined {
  if (!node) return undefined;
  const hostname = node.text('hostname') ?? '';
  const added = node.list('headers_to_add').map((one) => {
    const header = one.child('header');
    return [header?.text('key')?.toLowerCase() ?? '', header?.text('value') ?? ''] as const;
  });
  const path = node.text('post_path') ?? '/';
  return {
    node,
    open: (context) => {
      const host = expand(hostname, context);
      const start = node.flag('use_post') ? `POST ${path} HTTP/1.1` : `CONNECT ${host} HTTP/1.1`;
      const lines = added.map(([name, value]) => `${name}: ${expand(value, context)}`);
      const framing = node.flag('use_post') ? ['transfer-encoding: chunked'] : [];
      return [start, `host: ${host}`, ...lines, ...framing, '', ''].join('\r\n');
    },
  };
}

/** The answer to the request that opens a tunnel: its status, and the first bytes from inside. */
export function readTunnelAnswer(text: string): { status: number; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(text) ?? [];
  return end < 0 || status === undefined ? undefined : { status: Number(status), rest: text.slice(end + 4) };
}
