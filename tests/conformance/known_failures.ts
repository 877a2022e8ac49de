const COMMAND_OPERATORS = 'most command operators in headers are not simulated, and unknown ones not refused';
const RAW = 'raw bytes and the PROXY protocol are not simulated';
const UPGRADE = 'upgrades and CONNECT are not simulated';
const HTTP_FILTERS = 'the filter that this needs is not simulated';
const MATCHER = 'this kind of route matcher is not simulated';

/** Where the simulator still differs from the real Envoy, and why. An entry that starts to pass fails the run. */
export const KNOWN_FAILURES: Readonly<Record<string, string>> = {
  'config/duplicate-chain-match': 'filter chains with equal matches are not refused',
  'config/header-match-deprecated': 'a quoted "true" is a boolean to Envoy and a text to us',
  'config/log-response-flag-typo': 'rules on the items of a list are not checked',
  'headers/case-proper': 'header names are in lower case on the wire too',
  'headers/metadata-formatters': COMMAND_OPERATORS,
  'headers/per-request-state': COMMAND_OPERATORS,
  'headers/retry-adds-once': 'retries are not simulated',
  'headers/upstream-host-in-request': COMMAND_OPERATORS,
  'listener/destination-prefix': RAW,
  'listener/proxy-protocol': RAW,
  'listener/source-ports': RAW,
  'route-action/direct-response': 'a client that ends early is not simulated',
  'route-action/idle-timeout': 'idle timeouts are not simulated',
  'route-action/internal-redirect': 'internal redirects are not simulated',
  'route-action/mirror': 'mirroring is not simulated',
  'route-action/websocket': UPGRADE,
  'route-action/websocket-accepted': UPGRADE,
  'route-action/weighted-clusters-headers': 'headers of a weighted cluster are not simulated',
  'routing/connect-matcher': UPGRADE,
  'routing/dynamic-metadata': HTTP_FILTERS,
  'routing/filter-state': HTTP_FILTERS,
  'routing/fragment': RAW,
  'routing/matcher-tree': MATCHER,
  'routing/tls-context': MATCHER,
  'vhost/no-host': RAW,
  'vhost/require-tls': 'not looked into yet',
};
