import type { Dispatcher } from '#sim';
import { HTTP_COUNTERS, HTTP_GAUGES, HTTP_HISTOGRAMS, ROUTER_COUNTERS } from '../http/connection_manager_stat_names.ts';
import { LISTENER_COUNTERS, LISTENER_GAUGES, LISTENER_HISTOGRAMS } from '../listener/listener_stat_names.ts';
import { createStats } from '../stats/stat_set.ts';
import type { StatsStore } from '../stats/store.ts';

/** What every proxy has from the start, beside its listeners and clusters, at 0. */
const COUNTERS = [
  'cluster_manager.cluster_added',
  'cluster_manager.cluster_modified',
  'cluster_manager.cluster_removed',
  'cluster_manager.cluster_updated',
  'cluster_manager.cluster_updated_via_merge',
  'cluster_manager.update_merge_cancelled',
  'cluster_manager.update_out_of_merge_window',
  'filesystem.flushed_by_timer',
  'filesystem.reopen_failed',
  'filesystem.write_buffered',
  'filesystem.write_completed',
  'filesystem.write_failed',
  'http1.dropped_headers_with_underscores',
  'http1.metadata_not_supported_error',
  'http1.requests_rejected_with_underscores_in_headers',
  'http1.response_flood',
  'listener_manager.listener_added',
  'listener_manager.listener_create_failure',
  'listener_manager.listener_create_success',
  'listener_manager.listener_in_place_updated',
  'listener_manager.listener_modified',
  'listener_manager.listener_removed',
  'listener_manager.listener_stopped',
  'main_thread.watchdog_mega_miss',
  'main_thread.watchdog_miss',
  'runtime.deprecated_feature_use',
  'runtime.load_error',
  'runtime.load_success',
  'runtime.override_dir_exists',
  'runtime.override_dir_not_exists',
  'server.debug_assertion_failures',
  'server.dropped_stat_flushes',
  'server.dynamic_unknown_fields',
  'server.envoy_bug_failures',
  'server.envoy_notifications',
  'server.main_thread.watchdog_mega_miss',
  'server.main_thread.watchdog_miss',
  'server.static_unknown_fields',
  'server.wip_protos',
  'server.worker_0.watchdog_mega_miss',
  'server.worker_0.watchdog_miss',
  'workers.watchdog_mega_miss',
  'workers.watchdog_miss',
] as const;
const GAUGES = [
  'cluster_manager.active_clusters',
  'cluster_manager.warming_clusters',
  'filesystem.write_total_buffered',
  'listener_manager.total_filter_chains_draining',
  'listener_manager.total_listeners_active',
  'listener_manager.total_listeners_draining',
  'listener_manager.total_listeners_warming',
  'envoy.overload_actions.reset_high_memory_stream.count',
  'listener_manager.workers_pinned',
  'listener_manager.workers_started',
  'runtime.admin_overrides_active',
  'runtime.deprecated_feature_seen_since_process_start',
  'runtime.num_keys',
  'runtime.num_layers',
  'server.compilation_settings.fips_mode',
  'server.concurrency',
  'server.days_until_first_cert_expiring',
  'server.hot_restart_epoch',
  'server.hot_restart_generation',
  'server.live',
  'server.memory_allocated',
  'server.memory_heap_size',
  'server.memory_physical_size',
  'server.parent_connections',
  'server.seconds_until_first_ocsp_response_expiring',
  'server.state',
  'server.stats_recent_lookups',
  'server.total_connections',
  'server.uptime',
  'server.version',
  'thread_local_cluster_manager.main_thread.clusters_inflated',
  'thread_local_cluster_manager.worker_0.clusters_inflated',
] as const;
const HISTOGRAMS = ['overload.refresh_interval_delay', 'server.initialization_time_ms'] as const;
/** The admin interface has no filter chains that could wait for their configuration. */
const ADMIN_LISTENER = {
  counters: [
    ...LISTENER_COUNTERS.filter((name) => !name.endsWith('extension_config_missing')),
    ...[1, 2, 3, 4, 5].map((digit) => `http.admin.downstream_rq_${digit}xx`),
    'http.admin.downstream_rq_completed',
    'main_thread.downstream_cx_total',
  ],
  gauges: [...LISTENER_GAUGES, 'main_thread.downstream_cx_active'],
  histograms: LISTENER_HISTOGRAMS,
};
/** `envoy.admin.v3.ServerInfo.State`. */
const INITIALIZING = 3;
const NO_CERTIFICATE_DAYS = 2 ** 32 - 1;

export interface ServerStats {
  /** Brings what is only looked at up to date. */
  readonly refresh: () => void;
  /** Health checks of this server are to fail, or to pass again. */
  readonly setHealthy: (isHealthy: boolean) => void;
  /** The workers have started. */
  readonly started: () => void;
}

/** Creates the statistics of the server itself: server/server.h, ALL_SERVER_STATS. */
export function createServerStats(store: StatsStore, dispatcher: Dispatcher): ServerStats {
  createStats(store, 'http.admin.', { counters: HTTP_COUNTERS, gauges: HTTP_GAUGES, histograms: HTTP_HISTOGRAMS });
  createStats(store, 'listener.admin.', ADMIN_LISTENER);
  createStats(store, 'http.async-client.', { counters: ROUTER_COUNTERS });
  const stats = createStats(store, '', { counters: COUNTERS, gauges: GAUGES, histograms: HISTOGRAMS });
  stats['server.concurrency'].set(1);
  for (const gauge of ['server.hot_restart_epoch', 'server.total_connections'] as const) stats[gauge].set(0);
  stats['server.state'].set(INITIALIZING);
  stats['server.days_until_first_cert_expiring'].set(NO_CERTIFICATE_DAYS);
  return {
    refresh: () => stats['server.uptime'].set(Math.floor(dispatcher.nowMs / 1000)),
    setHealthy: (isHealthy) => stats['server.live'].set(isHealthy ? 1 : 0),
    started: () => {
      for (const gauge of ['server.live', 'listener_manager.workers_started'] as const) stats[gauge].set(1);
      stats['server.state'].set(0);
    },
  };
}
