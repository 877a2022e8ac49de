/** The counters that every listener has from the start: server/active_stream_listener_base.h. */
export const LISTENER_COUNTERS = [
  'downstream_cx_destroy',
  'downstream_cx_overflow',
  'downstream_cx_overload_reject',
  'downstream_cx_total',
  'downstream_cx_transport_socket_connect_timeout',
  'downstream_global_cx_overflow',
  'downstream_listener_filter_error',
  'downstream_listener_filter_remote_close',
  'downstream_pre_cx_timeout',
  'extension_config_missing',
  'network_extension_config_missing',
  'no_filter_chain_match',
] as const;

/** The gauges that every listener has. */
export const LISTENER_GAUGES = ['downstream_cx_active', 'downstream_pre_cx_active'] as const;

/** The histograms that every listener has. */
export const LISTENER_HISTOGRAMS = ['connections_accepted_per_socket_event', 'downstream_cx_length_ms'] as const;
