import { ENVOY_VERSION, type JsonObject } from '#api';
import { ENVOY_VERSION_TEXT, REVISION } from './envoy_version.ts';
import type { ConfigNode } from '../config_node.ts';
import type { CommandLineOptions } from './options.ts';

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${(ms / 1000).toFixed(3)}s`);

/** `/server_info`: `envoy.admin.v3.ServerInfo`. Simplified: the list of the extensions that are compiled in is left out. */
export function serverInfo(
  bootstrap: ConfigNode,
  options: CommandLineOptions,
  now: { state: string; uptimeMs: number },
): JsonObject {
  const uptime = `${Math.floor(now.uptimeMs / 1000)}s`;
  return {
    version: ENVOY_VERSION_TEXT,
    state: now.state,
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: '11.104',
    command_line_options: commandLine(options),
    node: nodeOf(bootstrap, options),
  };
}

function commandLine(options: CommandLineOptions): JsonObject {
  return {
    base_id: '0',
    concurrency: 1,
    config_path: 'envoy.yaml',
    config_yaml: '',
    allow_unknown_static_fields: false,
    admin_address_path: '',
    local_address_ip_version: 'v4',
    log_level: options.logLevel,
    component_log_level: '',
    log_format: '[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v',
    service_cluster: options.serviceCluster,
    service_node: options.serviceNode,
    service_zone: '',
    file_flush_interval: seconds(options.fileFlushIntervalMs),
    drain_time: seconds(options.drainTimeMs),
    parent_shutdown_time: seconds(options.parentShutdownTimeMs),
    mode: 'Serve',
    restart_epoch: 0,
    drain_strategy: 'Gradual',
    reject_unknown_dynamic_fields: false,
    ignore_unknown_dynamic_fields: false,
  };
}

/** The node as the bootstrap and the command line make it, with what Envoy says of itself. */
export function nodeOf(bootstrap: ConfigNode, options: CommandLineOptions): JsonObject {
  const node = bootstrap.child('node');
  const id = options.serviceNode || node?.text('id');
  const cluster = options.serviceCluster || node?.text('cluster');
  const locality = node?.child('locality');
  const [major, minor, patch] = ENVOY_VERSION.split('.').map(Number);
  return {
    ...(id ? { id } : {}),
    ...(cluster ? { cluster } : {}),
    ...(node?.has('metadata') ? { metadata: node.raw('metadata')! } : {}),
    ...(locality
      ? {
          locality: {
            region: locality.text('region') ?? '',
            zone: locality.text('zone') ?? '',
            sub_zone: locality.text('sub_zone') ?? '',
          },
        }
      : {}),
    user_agent_name: 'envoy',
    user_agent_build_version: {
      version: { major_number: major!, minor_number: minor!, patch: patch! },
      metadata: {
        'revision.sha': REVISION,
        'ssl.version': 'BoringSSL',
        'build.type': 'RELEASE',
        'revision.status': 'Clean',
      },
    },
  };
}

/** The same as a message that travels. */
export function localNode(bootstrap: ConfigNode, options: CommandLineOptions): JsonObject {
  const { user_agent_name, user_agent_build_version, locality, ...rest } = nodeOf(bootstrap, options) as Record<
    string,
    JsonObject
  >;
  const { version, metadata } = user_agent_build_version as Record<string, JsonObject>;
  const { region, zone, sub_zone } = (locality ?? {}) as Record<string, string>;
  return {
    ...rest,
    ...(locality ? { locality: { region: region!, zone: zone!, subZone: sub_zone! } } : {}),
    userAgentName: user_agent_name!,
    userAgentBuildVersion: {
      version: Object.fromEntries(
        Object.entries({
          majorNumber: version!['major_number']!,
          minorNumber: version!['minor_number']!,
          patch: version!['patch']!,
        }).filter(([, number]) => number !== 0),
      ),
      metadata: metadata!,
    },
  };
}
