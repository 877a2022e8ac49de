import { createStats } from './stat_set.ts';
import type { StatsStore } from './store.ts';

/** What a codec counts from its first connection on: http1/codec_stats.h, http2/codec_stats.h. */
const NAMES = {
  http1: {
    counters: [
      'dropped_headers_with_underscores',
      'metadata_not_supported_error',
      'requests_rejected_with_underscores_in_headers',
      'response_flood',
    ],
    gauges: [],
    histograms: [],
  },
  http2: {
    counters: [
      'cookies_total_bytes_too_large',
      'dropped_headers_with_underscores',
      'goaway_sent',
      'header_list_size_too_large',
      'header_overflow',
      'headers_cb_no_stream',
      'inbound_empty_frames_flood',
      'inbound_priority_frames_flood',
      'inbound_window_update_frames_flood',
      'keepalive_timeout',
      'metadata_empty_frames',
      'nghttp2_downstream_connections',
      'nghttp2_upstream_connections',
      'oghttp2_downstream_connections',
      'oghttp2_upstream_connections',
      'outbound_control_flood',
      'outbound_flood',
      'requests_rejected_with_underscores_in_headers',
      'rx_messaging_error',
      'rx_reset',
      'stream_refused_errors',
      'trailers',
      'tx_flush_timeout',
      'tx_reset',
    ],
    gauges: [
      'deferred_stream_close',
      'outbound_control_frames_active',
      'outbound_frames_active',
      'pending_send_bytes',
      'streams_active',
    ],
    histograms: ['cookie_count', 'cookie_size', 'header_count', 'header_list_size'],
  },
} as const;

export type Codec = keyof typeof NAMES;

/** Declares them below a prefix: the root's for clients, a cluster's for its endpoints. */
export const declareCodecStats = (store: StatsStore, prefix: string, codec: Codec): void =>
  void createStats(store, `${prefix}${codec}.`, NAMES[codec]);
