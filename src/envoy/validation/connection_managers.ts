import { durationMs } from '#api';
import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { checkLogOptions } from './log_options.ts';
import { NONE, problem, typeOf, type Check } from './check.ts';
import { checkScopedRoutes } from './scoped_routes.ts';

/** `HttpConnectionManager`. */
export const checkConnectionManager: Check = (node) => [
  ...checkHttpFilters(node.list('http_filters')),
  ...checkClientAddress(node),
  ...checkUpgrades(node.list('upgrade_configs')),
  ...checkScopedRoutes(node.child('scoped_routes')),
  ...checkRds(node.child('rds')),
  ...checkLogOptions(node),
  ...DURATIONS.flatMap((name) => checkDuration(node, name)),
];

/** Where the routes come from. */
const checkRds = (rds: ConfigNode | undefined): Diagnostic[] =>
  !rds || rds.has('config_source')
    ? NONE
    : problem('config_source', rds, [], '`rds` does not say where the routes come from.', {
        help: 'Add a `config_source`: `{ads: {}}`, or a path in `path_config_source`.',
        envoySays: "An RDS config must have either a 'config_source' or an xDS-TP based 'route_config_name'.",
      });

const isRouter = (filter: ConfigNode): boolean => typeOf(filter.child('typed_config')).endsWith('.router.v3.Router');
/** Filters that may answer every request by themselves, so that nothing has to follow; and wrappers that decide later. */
const MAY_END = /UpstreamCodec$|TypedStruct$|ExtensionWithMatcher$/;

function checkHttpFilters(filters: readonly ConfigNode[]): Diagnostic[] {
  return filters.flatMap((filter, i) => {
    const name = filter.text('name') ?? '';
    const isLast = i === filters.length - 1;
    if (isRouter(filter)) return isLast ? checkLastRuns(filter, name) : notLast(filter, name);
    if (!isLast || MAY_END.test(typeOf(filter.child('typed_config'))) || filter.has('config_discovery')) return NONE;
    return problem(
      'filter_order',
      filter,
      [],
      `The last HTTP filter must be a terminal one such as \`envoy.filters.http.router\`, found \`${name}\`.`,
      {
        envoySays: `Error: non-terminal filter named ${name} of type ${name} is the last filter in a http filter chain.`,
      },
    );
  });
}

const notLast = (filter: ConfigNode, name: string): Diagnostic[] =>
  problem('filter_order', filter, [], `\`${name}\` is a terminal filter and must be the last of its chain.`, {
    envoySays: `Error: terminal filter named ${name} of type ${name} must be the last filter in a http filter chain.`,
  });

const checkLastRuns = (filter: ConfigNode, name: string): Diagnostic[] =>
  filter.flag('disabled')
    ? problem('filter_order', filter, ['disabled'], `\`${name}\` ends the filter chain and cannot be disabled.`, {
        envoySays: `Error: the last (terminal) filter (${name}) in the chain cannot be disabled by default.`,
      })
    : NONE;

function checkClientAddress(node: ConfigNode): Diagnostic[] {
  const both = (code: string, first: string, second: string, envoySays: string): Diagnostic[] =>
    problem(code, node, [second], `\`${first}\` and \`${second}\` exclude each other. Keep one of them.`, {
      envoySays,
    });
  return [
    ...(node.flag('use_remote_address') && node.list('original_ip_detection_extensions').length > 0
      ? both(
          'client_address',
          'use_remote_address',
          'original_ip_detection_extensions',
          'Original IP detection extensions and use_remote_address may not be mixed',
        )
      : NONE),
    ...(node.flag('strip_matching_host_port') && node.flag('strip_any_host_port')
      ? both(
          'host_port',
          'strip_matching_host_port',
          'strip_any_host_port',
          'Error: Only one of `strip_matching_host_port` or `strip_any_host_port` can be set.',
        )
      : NONE),
  ];
}

function checkUpgrades(upgrades: readonly ConfigNode[]): Diagnostic[] {
  const seen = new Set<string>();
  return upgrades.flatMap((upgrade) => {
    const type = upgrade.text('upgrade_type') ?? '';
    if (!seen.has(type.toLowerCase())) return (seen.add(type.toLowerCase()), NONE);
    return problem('duplicate_upgrade', upgrade, [], `The upgrade \`${type}\` is configured twice.`, {
      envoySays: `Error: multiple upgrade configs with the same name: '${type}'`,
    });
  });
}

const DURATIONS = [
  'stream_idle_timeout',
  'request_timeout',
  'request_headers_timeout',
  'drain_timeout',
  'delayed_close_timeout',
];

/** A duration that is not negative. */
export function checkDuration(node: ConfigNode, name: string): Diagnostic[] {
  const ms = durationMs(node.text(name));
  if (ms === undefined || ms >= 0) return NONE;
  return problem(
    'duration',
    node,
    [name],
    `\`${name}\` is ${node.text(name)}, and a duration here is never negative.`,
    {
      envoySays: 'Invalid duration: Expected positive duration',
    },
  );
}
