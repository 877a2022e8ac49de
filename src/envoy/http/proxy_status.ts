import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from './header_map.ts';

/** Errors of RFC 9209 with the status that it recommends for each, where it does. */
const RECOMMENDED: Readonly<Record<string, number | undefined>> = {
  dns_error: 502,
  destination_not_found: 500,
  destination_unavailable: 503,
  connection_refused: 502,
  connection_terminated: 502,
  connection_timeout: 504,
  connection_limit_reached: 503,
  http_response_timeout: 504,
  http_protocol_error: 502,
  proxy_configuration_error: 500,
};

/** Which error a response flag stands for: the first of several counts (stream_info/utility.cc, ProxyStatusUtils). */
const ERROR_OF_FLAG: readonly (readonly [flag: string, error: string])[] = [
  ['LH', 'destination_unavailable'],
  ['UH', 'destination_unavailable'],
  ['UT', 'http_response_timeout'],
  ['DT', 'connection_timeout'],
  ['LR', 'connection_timeout'],
  ['UR', 'connection_terminated'],
  ['UF', 'connection_refused'],
  ['UAEX', 'connection_refused'],
  ['UC', 'connection_terminated'],
  ['OM', 'connection_limit_reached'],
  ['DO', 'connection_limit_reached'],
  ['FI', 'http_request_error'],
  ['DC', 'connection_terminated'],
  ['DR', 'connection_terminated'],
  ['UO', 'connection_limit_reached'],
  ['NR', 'destination_not_found'],
  ['RL', 'connection_limit_reached'],
  ['RLSE', 'connection_limit_reached'],
  ['URX', 'destination_unavailable'],
  ['SI', 'http_response_timeout'],
  ['IH', 'http_request_error'],
  ['DPE', 'http_request_error'],
  ['UMSDR', 'http_response_timeout'],
  ['NFCF', 'proxy_configuration_error'],
  ['UPE', 'http_protocol_error'],
  ['NC', 'destination_unavailable'],
  ['DF', 'dns_error'],
];

/** What has become of a request, as the log will say it. */
export interface Outcome {
  readonly flags: string;
  readonly details: string;
}

/** Writes `proxy-status` where something went wrong; the status to answer with, where that is to be changed. */
export type TellProxyStatus = (headers: HeaderMap, outcome: Outcome) => number | undefined;

/** `proxy_status_config`: conn_manager_utility.cc, setProxyStatusHeader. */
export function compileProxyStatus(
  node: ConfigNode | undefined,
  names: { readonly nodeId: string; readonly serverName: string },
): TellProxyStatus | undefined {
  if (!node) return undefined;
  const name = node.flag('use_node_id') ? names.nodeId : (node.text('literal_proxy_name') ?? names.serverName);
  const [showsDetails, showsFlags] = [!node.flag('remove_details'), !node.flag('remove_response_flags')];
  const recommends = node.flag('set_recommended_response_code');
  return (headers, { flags, details }) => {
    const set = new Set(flags.split(','));
    const error = ERROR_OF_FLAG.find(([flag]) => set.has(flag))?.[1];
    if (error === undefined) return undefined;
    const shown = [details, ...(showsFlags ? [flags] : [])].join('; ');
    const status = [name, `error=${error}`, ...(showsDetails ? [`details="${shown}"`] : [])].join('; ');
    headers.set('proxy-status', [...headers.all('proxy-status'), status].join(', '));
    return recommends ? RECOMMENDED[error] : undefined;
  };
}
