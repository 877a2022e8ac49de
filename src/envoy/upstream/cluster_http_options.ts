import { durationMs } from '#api';
import { ConfigNode } from '../config_node.ts';
import { compileResponsePredicate, type ResponsePredicate } from '../matching/match_predicate.ts';
import { compilePreserveCase, type KeepSpelling } from '../http/header_key_format.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { TransportSocketOptions } from '../network/transport_socket.ts';

const DEFAULT_HEADERS_KB = 60;
/** As many as HTTP/2 has numbers for. */
const MAX_STREAMS = 2 ** 31 - 1;
const DEFAULT_HEADERS_COUNT = 100;

/**
 * What a cluster says of HTTP to its endpoints: `upstreams.http.v3.HttpProtocolOptions`, or the older fields beside it
 * (extensions/upstreams/http/config.cc).
 */
export class ClusterHttpOptions {
  readonly isHttp2: boolean;
  /** As the client does. */
  readonly usesDownstreamProtocol: boolean;
  /** What `auto_config` offers by ALPN, which then decides. */
  readonly offers: readonly string[] | undefined;
  readonly keepsTrailers: boolean;
  readonly sendsFullUrl: boolean;
  /** With `preserve_case`. */
  readonly keepSpelling: KeepSpelling | undefined;
  readonly maxRequestsPerConnection: number;
  /** 0: without end, as are the two that follow. Simplified: Envoy ends idle connections after an hour by default. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionMs: number;
  /** Of one request to an endpoint. */
  readonly maxStreamMs: number;
  /** Of HTTP/2. */
  readonly maxConcurrentStreams: number;
  /** How many connections are kept for each stream that there is. */
  readonly preconnectRatio: number;
  /** Of a response. */
  readonly maxHeadersBytes: number;
  readonly maxHeadersCount: number;
  /** These have precedence over what the route says; absent or empty where the route decides. */
  readonly retryPolicy: ConfigNode | undefined;
  readonly hashPolicy: readonly ConfigNode[];
  /** HTTP filters that see what is sent to the cluster. */
  readonly filters: readonly ConfigNode[];
  readonly mirrors: readonly ConfigNode[];
  /** What outlier detection counts as an error, in place of every 5xx. */
  readonly isError: ResponsePredicate | undefined;
  /** What TLS to the endpoints takes from a request: `auto_sni` and `auto_san_validation`. */
  readonly transportOptionsOf: ((request: HeaderMap) => TransportSocketOptions) | undefined;

  constructor(cluster: ConfigNode) {
    const options =
      cluster
        .child('typed_extension_protocol_options')
        ?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions') ?? NOTHING;
    this.filters = options.list('http_filters');
    const explicit = options.child('explicit_http_config');
    const downstream = options.child('use_downstream_protocol_config');
    const auto = options.child('auto_config');
    this.offers = auto && ['h2', 'http/1.1'];
    const http1 = partOf('http_protocol_options', explicit, downstream, auto, cluster);
    this.isHttp2 = cluster.has('http2_protocol_options') || explicit?.has('http2_protocol_options') === true;
    this.usesDownstreamProtocol = downstream !== undefined;
    this.keepsTrailers = http1.flag('enable_trailers');
    this.keepSpelling = compilePreserveCase(http1);
    this.sendsFullUrl = http1.flag('send_fully_qualified_url');
    const common = partOf('common_http_protocol_options', options, cluster);
    this.maxRequestsPerConnection =
      common.number('max_requests_per_connection') ?? cluster.number('max_requests_per_connection') ?? Infinity;
    this.maxHeadersBytes = (common.number('max_response_headers_kb') ?? DEFAULT_HEADERS_KB) * 1024;
    this.maxHeadersCount = common.number('max_headers_count') ?? DEFAULT_HEADERS_COUNT;
    const ms = (name: string): number => durationMs(common.text(name)) ?? 0;
    this.idleTimeoutMs = ms('idle_timeout');
    this.maxConnectionMs = ms('max_connection_duration');
    this.maxStreamMs = ms('max_stream_duration');
    const http2 = partOf('http2_protocol_options', explicit, downstream, cluster);
    this.maxConcurrentStreams = http2.number('max_concurrent_streams') ?? MAX_STREAMS;
    this.preconnectRatio = cluster.child('preconnect_policy')?.number('per_upstream_preconnect_ratio') ?? 1;
    const errors = options.child('outlier_detection')?.child('error_matcher');
    this.isError = errors && compileResponsePredicate(errors);
    this.retryPolicy = options.child('retry_policy');
    this.hashPolicy = options.list('hash_policy');
    this.mirrors = options.list('request_mirror_policies');
    this.transportOptionsOf = compileAutoSni(partOf('upstream_http_protocol_options', options, cluster));
  }
}

const NOTHING = new ConfigNode({}, { resource: '', path: [] });

/** A part of the first that has it. */
const partOf = (name: string, ...places: readonly (ConfigNode | undefined)[]): ConfigNode =>
  places.find((place) => place?.has(name))?.child(name) ?? NOTHING;

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[.*\])$/;

/** The server name is Host without its port, or another header's; an address is none: upstream_impl.cc, and router.cc. */
function compileAutoSni(options: ConfigNode): ClusterHttpOptions['transportOptionsOf'] {
  const [asks, verifies] = [options.flag('auto_sni'), options.flag('auto_san_validation')];
  if (!asks && !verifies) return undefined;
  const override = options.text('override_auto_sni_header')?.toLowerCase() ?? '';
  return (request) => {
    const authority = (override === '' ? undefined : request.get(override)) ?? request.get(':authority') ?? '';
    const host = authority.replace(/:\d+$/, '');
    const sni = asks && !ADDRESS.test(host) ? { sni: host } : {};
    return { ...sni, ...(verifies ? { verifySans: [host] } : {}) };
  };
}
