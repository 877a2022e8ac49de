import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { refuseIf } from './check.ts';

/** `access_log_options` of a connection manager beside the older fields. */
export function checkLogOptions(node: ConfigNode): Diagnostic[] {
  const old = ['access_log_flush_interval', 'flush_access_log_on_new_request'].find((field) => node.has(field));
  return refuseIf(
    old !== undefined && node.has('access_log_options'),
    node,
    [old ?? ''],
    `\`${old}\` and \`access_log_options\` say the same thing.`,
    `Only one of ${old} or access_log_options can be specified.`,
  );
}
