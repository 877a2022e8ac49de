import { compileFormat } from '../access_log/substitution_format.ts';
import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { bytesOfBase64 } from '../matching/base64.ts';

/** A type, a length and a value behind the addresses of the PROXY protocol. Each character is one byte. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: string;
}

/** Without a connection there is nothing to fill a format from. */
function formatted(node: ConfigNode): (context: FormatterContext | undefined) => string {
  const write = compileFormat(node);
  return (context) => (context ? write(context) : '');
}

/** `core.v3.TlvEntry`: a value as it stands, or a format. */
export function compileProxyTlvs(nodes: readonly ConfigNode[]): (context: FormatterContext | undefined) => ProxyTlv[] {
  const compiled = nodes.map((node) => {
    const format = node.child('format_string');
    const value = String.fromCharCode(...(bytesOfBase64(node.text('value') ?? '') ?? []));
    return { type: node.number('type') ?? 0, write: format ? formatted(format) : () => value };
  });
  return (context) => compiled.map(({ type, write }) => ({ type, value: write(context) }));
}
