import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { checkDuration } from './connection_managers.ts';
import { NONE, problem, type Check } from './check.ts';
import { checkFormat } from './formats.ts';
import { checkAddedHeader } from './header_options.ts';

/** `envoy.filters.network.tcp_proxy`: source/common/tcp_proxy/tcp_proxy.cc, Config. */
export const checkTcpProxy: Check = (node) => [
  ...checkLogOptions(node),
  ...checkConnectMode(node),
  ...checkTunnel(node.child('tunneling_config')),
  ...checkDuration(node, 'idle_timeout'),
];

function checkLogOptions(node: ConfigNode): Diagnostic[] {
  const old = ['access_log_flush_interval', 'flush_access_log_on_connected'].find((field) => node.has(field));
  if (old === undefined || !node.has('access_log_options')) return NONE;
  return problem('access_log_options', node, [old], `\`${old}\` and \`access_log_options\` say the same thing.`, {
    help: 'Keep `access_log_options`.',
    envoySays: `Only one of ${old} or access_log_options can be specified.`,
  });
}

function checkConnectMode(node: ConfigNode): Diagnostic[] {
  const mode = node.text('upstream_connect_mode') ?? 'IMMEDIATE';
  if (mode === 'IMMEDIATE' || node.has('max_early_data_bytes')) return NONE;
  return problem(
    'connect_mode',
    node,
    ['upstream_connect_mode'],
    `What a client says before there is an upstream has to be kept, and \`max_early_data_bytes\` does not say how much.`,
    {
      help: 'Give it `max_early_data_bytes`, say 8192.',
      envoySays: 'max_early_data_bytes must be set when upstream_connect_mode is not IMMEDIATE',
    },
  );
}

function checkTunnel(tunnel: ConfigNode | undefined): Diagnostic[] {
  if (!tunnel) return NONE;
  const post =
    (tunnel.text('post_path') ?? '') !== '' && !tunnel.flag('use_post')
      ? problem('post_path', tunnel, ['post_path'], 'A CONNECT has no path: `post_path` is for a POST.', {
          help: 'Set `use_post: true`, or leave the path out.',
          envoySays: "Can't set a post path when POST method isn't used",
        })
      : NONE;
  return [
    ...post,
    ...checkFormat(tunnel, ['hostname'], tunnel.text('hostname') ?? ''),
    ...tunnel.list('headers_to_add').flatMap(checkAddedHeader),
  ];
}

/** `core.v3.TlvEntry`. */
export const checkTlv: Check = (node) => {
  const [hasValue, hasFormat] = [(node.text('value') ?? '') !== '', node.has('format_string')];
  if (hasValue !== hasFormat) return NONE;
  const amount = hasValue ? 'only one of' : 'one of';
  return problem('tlv', node, [], `A TLV has ${hasValue ? 'either ' : ''}a \`value\` or a \`format_string\`.`, {
    envoySays: `Invalid TLV configuration: ${amount} 'value' or 'format_string' ${hasValue ? 'may' : 'must'} be set.`,
  });
};

/** `envoy.filters.listener.proxy_protocol`. */
export const checkProxyProtocol: Check = (node) => {
  if (new Set(node.texts('disallowed_versions')).size < 2) return NONE;
  return problem('disallowed_versions', node, ['disallowed_versions'], 'There would be no version left to speak.', {
    envoySays: 'Proxy Protocol filter is misconfigured: all proxy protocol versions are disallowed.',
  });
};
