import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { GrpcStream } from '../http/clients.ts';
import { bufferLimits, EntryBuffer, type CollectorServices } from './collector.ts';
import { commonExtras } from './common_log_properties.ts';
import { httpLogEntry, loggedHeaders, tcpLogEntry } from './grpc_log_entry.ts';

const METHOD = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
const PREFIX = 'access_logs.grpc_access_log.';
const STATS = ['logs_written', 'logs_dropped', 'grpc_entries_flushed', 'grpc_entries_flush_failed'] as const;

/** Sends entries to a collector over one stream: common/grpc_access_logger.h. */
class GrpcAccessLogger {
  readonly #config: ConfigNode;
  readonly #services: CollectorServices;
  readonly #kind: 'httpLogs' | 'tcpLogs';
  readonly #buffer: EntryBuffer;
  #stream: GrpcStream | undefined;

  constructor(config: ConfigNode, services: CollectorServices, kind: 'httpLogs' | 'tcpLogs') {
    this.#config = config;
    this.#services = services;
    this.#kind = kind;
    this.#buffer = new EntryBuffer(bufferLimits(config), services.dispatcher, (entries) => this.#send(entries));
    services.stats.declare(...STATS.map((name) => PREFIX + name));
  }

  log(entry: JsonObject): void {
    this.#services.stats.add(`${PREFIX}logs_written`);
    this.#buffer.add(entry);
  }

  /** The first message of a stream says who sends it. */
  #send(entries: JsonObject[]): void {
    const isFirst = this.#stream === undefined;
    this.#stream ??= this.#open();
    const identifier = { node: this.#services.localNode, logName: this.#config.text('log_name') ?? '' };
    this.#stream.send({ ...(isFirst ? { identifier } : {}), [this.#kind]: { logEntry: entries } });
    this.#services.stats.add(`${PREFIX}grpc_entries_flushed`, entries.length);
  }

  #open(): GrpcStream {
    return this.#services.grpc.openStream(this.#config.child('grpc_service')!, METHOD, {
      onMessage: () => undefined,
      // The next entries open another.
      onClose: () => (this.#stream = undefined),
    });
  }
}

/** `access_loggers.grpc.v3.HttpGrpcAccessLogConfig`. */
export function compileHttpGrpcLog(
  config: ConfigNode,
  services: CollectorServices,
): (context: FormatterContext) => void {
  const common = config.child('common_config')!;
  const logger = new GrpcAccessLogger(common, services, 'httpLogs');
  const [headers, extras] = [loggedHeaders(config), commonExtras(common)];
  return (context) => logger.log(httpLogEntry(context, headers, extras));
}

/** `access_loggers.grpc.v3.TcpGrpcAccessLogConfig`. */
export function compileTcpGrpcLog(
  config: ConfigNode,
  services: CollectorServices,
): (context: FormatterContext) => void {
  const common = config.child('common_config')!;
  const logger = new GrpcAccessLogger(common, services, 'tcpLogs');
  const extras = commonExtras(common);
  return (context) => logger.log(tcpLogEntry(context, extras));
}
