import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { checkDuration } from './connection_managers.ts';
import { refuseIf, typeOf, type Check } from './check.ts';

/** The settings of HTTP/2 that have a field of their own: nghttp2, and RFC 9113 section 6.5.2. */
const NAMED: Readonly<Record<number, string>> = {
  1: 'hpack_table_size',
  3: 'max_concurrent_streams',
  4: 'initial_stream_window_size',
};
const ENABLE_PUSH = 2;

/** `core.v3.Http2ProtocolOptions`: http2/utility.cc, validateCustomSettingsParameters. */
export const checkHttp2Options: Check = (node) =>
  node.list('custom_settings_parameters').flatMap((setting) => {
    const id = setting.number('identifier') ?? 0;
    const name = NAMED[id];
    return [
      ...refuseIf(
        name !== undefined && node.has(name),
        setting,
        ['identifier'],
        `The setting ${id} is \`${name}\`, which is set by its own field already.`,
        `the {${name}} HTTP/2 SETTINGS parameter(s) can not be configured through both named and custom parameters`,
      ),
      ...refuseIf(
        id === ENABLE_PUSH && setting.number('value') === 1,
        setting,
        ['value'],
        'The `identifier` 2 stands for server push, which Envoy does not have: its `value` can only be 0.',
        'server push is not supported by Envoy and can not be enabled via a SETTINGS parameter.',
      ),
    ];
  });

/** `core.v3.HttpProtocolOptions`. */
export const checkHttpDurations: Check = (node) =>
  ['idle_timeout', 'max_connection_duration', 'max_stream_duration'].flatMap((field) => checkDuration(node, field));

/** `upstreams.http.v3.HttpProtocolOptions`. */
export const checkUpstreamOptions: Check = (node) => {
  const auto = node.child('auto_config');
  const last = node.list('http_filters').at(-1);
  return [
    ...refuseIf(
      auto?.has('http3_protocol_options') === true && !auto.has('alternate_protocols_cache_options'),
      node,
      ['auto_config', 'http3_protocol_options'],
      'Who offers HTTP/3 is learnt from answers: `alternate_protocols_cache_options` is missing.',
      'alternate protocols cache must be configured when HTTP/3 is enabled with auto_config',
    ),
    ...(last ? checkLastFilter(last) : []),
  ];
};

const checkLastFilter = (filter: ConfigNode): Diagnostic[] =>
  refuseIf(
    !/UpstreamCodec$|TypedStruct$|ExtensionWithMatcher$/.test(typeOf(filter.child('typed_config'))) &&
      !filter.has('config_discovery'),
    filter,
    [],
    'The last of the upstream `http_filters` is the codec, `envoy.filters.http.upstream_codec`.',
    "The codec filter is the only valid terminal upstream HTTP filter, use 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'",
  );

/** HTTP/3 goes over QUIC alone. */
export function checkQuic(cluster: ConfigNode): Diagnostic[] {
  const options = cluster
    .child('typed_extension_protocol_options')
    ?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions');
  const socket = typeOf(cluster.child('transport_socket')?.child('typed_config'));
  return refuseIf(
    options?.child('explicit_http_config')?.has('http3_protocol_options') === true &&
      !socket.endsWith('QuicUpstreamTransport'),
    cluster,
    cluster.has('transport_socket') ? ['transport_socket'] : [],
    'HTTP/3 (`http3_protocol_options`) goes over QUIC: it needs a `transport_socket` of the type QuicUpstreamTransport.',
    `HTTP3 requires a QuicUpstreamTransport transport socket: ${cluster.text('name') ?? ''}`,
  );
}
