import { durationMs, type JsonObject } from '#api';
import type { Dispatcher, Timer } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { GrpcClient, GrpcStream } from '../http/clients.ts';
import type { StatsStore } from '../stats/store.ts';
import { httpLogEntry, loggedHeaders } from './grpc_log_entry.ts';

const METHOD = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
const DEFAULT_FLUSH_MS = 1_000;
const DEFAULT_BUFFER_BYTES = 16_384;
const PREFIX = 'access_logs.grpc_access_log.';
const STATS = ['logs_written', 'logs_dropped', 'grpc_entries_flushed', 'grpc_entries_flush_failed'] as const;

/** What a logger that sends its entries away needs. */
export interface GrpcLogServices {
  readonly client: GrpcClient;
  readonly dispatcher: Dispatcher;
  readonly stats: StatsStore;
  /** `--service-cluster`. */
  readonly localCluster: string;
}

/** Gathers entries, and sends them to a collector over one stream: common/grpc_access_logger.h. */
class GrpcAccessLogger {
  readonly #config: ConfigNode;
  readonly #services: GrpcLogServices;
  readonly #flushMs: number;
  readonly #mostBytes: number;
  #entries: JsonObject[] = [];
  #bytes = 0;
  #timer: Timer | undefined;
  #stream: GrpcStream | undefined;

  constructor(config: ConfigNode, services: GrpcLogServices) {
    this.#config = config;
    this.#services = services;
    this.#flushMs = durationMs(config.text('buffer_flush_interval')) ?? DEFAULT_FLUSH_MS;
    this.#mostBytes = config.number('buffer_size_bytes') ?? DEFAULT_BUFFER_BYTES;
    services.stats.declare(...STATS.map((name) => PREFIX + name));
  }

  /** Simplified: the size of an entry is that of its JSON. */
  log(entry: JsonObject): void {
    this.#services.stats.add(`${PREFIX}logs_written`);
    this.#entries.push(entry);
    this.#bytes += JSON.stringify(entry).length;
    if (this.#bytes >= this.#mostBytes) return this.#flush();
    this.#timer ??= this.#services.dispatcher.createTimer('access_log_flush', this.#flushMs, () => this.#flush());
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const isFirst = this.#stream === undefined;
    this.#stream ??= this.#open();
    const node = { cluster: this.#services.localCluster, userAgentName: 'envoy' };
    const identifier = { node, logName: this.#config.text('log_name') ?? '' };
    this.#stream.send({ ...(isFirst ? { identifier } : {}), httpLogs: { logEntry: this.#entries } });
    this.#services.stats.add(`${PREFIX}grpc_entries_flushed`, this.#entries.length);
    this.#entries = [];
    this.#bytes = 0;
  }

  #open(): GrpcStream {
    return this.#services.client.openStream(this.#config.child('grpc_service')!, METHOD, {
      onMessage: () => undefined,
      // The next entries open another.
      onClose: () => (this.#stream = undefined),
    });
  }
}

/** `access_loggers.grpc.v3.HttpGrpcAccessLogConfig`. */
export function compileGrpcLog(config: ConfigNode, services: GrpcLogServices): (context: FormatterContext) => void {
  const logger = new GrpcAccessLogger(config.child('common_config')!, services);
  const headers = loggedHeaders(config);
  return (context) => logger.log(httpLogEntry(context, headers));
}
