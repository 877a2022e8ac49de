import type { ConfigNode } from './config_node.ts';
import { bytesOfBase64 } from './matching/base64.ts';
import type { FileSystem } from './seams.ts';

/** The text of a `core.v3.DataSource` that is written in the configuration itself; undefined where it is elsewhere. */
export function inlineText(node: ConfigNode | undefined): string | undefined {
  const bytes = node?.text('inline_bytes');
  return node?.text('inline_string') ?? (bytes === undefined ? undefined : latin1(bytesOfBase64(bytes)));
}

/** The text of a `core.v3.DataSource`, which may be a file. Simplified: environment variables have no value. */
export function textOfSource(node: ConfigNode | undefined, files: FileSystem): string | undefined {
  const path = node?.text('filename');
  return inlineText(node) ?? (path === undefined ? undefined : files.read(path));
}

const latin1 = (bytes: Uint8Array | undefined): string => String.fromCharCode(...(bytes ?? []));
