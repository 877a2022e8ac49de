import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { FileSystem } from '../seams.ts';
import { compileLogFilter, type LogFilterServices } from './filter.ts';
import type { CollectorServices } from './collector.ts';
import { compileHttpGrpcLog, compileTcpGrpcLog } from './grpc_access_log.ts';
import { compileOpenTelemetryLog } from './open_telemetry_log.ts';
import { compileFormat, jsonFormat, textFormat, type Format } from './substitution_format.ts';

/** The files that access loggers write, by the path that they were given. */
export type LogFiles = Map<string, string>;

export interface AccessLogServices extends LogFilterServices {
  readonly files: LogFiles;
  /** Where formats may be. */
  readonly fileSystem: FileSystem;
  /** Made when the first logger sends its entries away. */
  readonly collector: () => CollectorServices;
}

export type AccessLogger = (context: FormatterContext) => void;

type Compile = (config: ConfigNode, services: AccessLogServices) => AccessLogger | undefined;

/** By the end of the type of its configuration: an output of the process is a file like any other. */
const KINDS: Readonly<Record<string, Compile>> = {
  FileAccessLog: (config, services) => compileFileLog(config, config.text('path'), services),
  StdoutAccessLog: (config, services) => compileFileLog(config, '/dev/stdout', services),
  StderrAccessLog: (config, services) => compileFileLog(config, '/dev/stderr', services),
  HttpGrpcAccessLogConfig: (config, { collector }) => compileHttpGrpcLog(config, collector()),
  TcpGrpcAccessLogConfig: (config, { collector }) => compileTcpGrpcLog(config, collector()),
  OpenTelemetryAccessLogConfig: (config, { collector }) => compileOpenTelemetryLog(config, collector()),
};

/** The loggers of a list of `config.accesslog.v3.AccessLog`; other kinds write nothing here. */
export function compileAccessLogs(nodes: readonly ConfigNode[], services: AccessLogServices): AccessLogger[] {
  return nodes.flatMap((node) => {
    const config = node.child('typed_config');
    const write = config && KINDS[config.text('@type')?.split('.').at(-1) ?? '']?.(config, services);
    if (!write) return [];
    const isWritten = compileLogFilter(node.child('filter'), services);
    return [(context: FormatterContext) => void (isWritten(context) && write(context))];
  });
}

/** The lines of a router, one for each try. */
export interface UpstreamLog {
  readonly loggers: readonly AccessLogger[];
  /** Another line when a connection stands. */
  readonly logsReady: boolean;
}

/** `upstream_log` of a router. Simplified: `upstream_log_flush_interval` writes nothing. */
export const compileUpstreamLog = (router: ConfigNode | undefined, services: AccessLogServices): UpstreamLog => ({
  loggers: compileAccessLogs(router?.list('upstream_log') ?? [], services),
  logsReady: router?.child('upstream_log_options')?.flag('flush_upstream_log_on_upstream_stream') === true,
});

function compileFileLog(
  config: ConfigNode,
  path: string | undefined,
  { files, fileSystem }: AccessLogServices,
): AccessLogger | undefined {
  if (path === undefined) return undefined;
  const format = oldFormat(config) ?? compileFormat(config.child('log_format'), fileSystem);
  return (context) => void files.set(path, (files.get(path) ?? '') + format(context));
}

/** What stood in the place of `log_format` before: access_loggers/file/config.cc. */
function oldFormat(config: ConfigNode): Format | undefined {
  const text = config.text('format');
  if (text !== undefined && text !== '') return textFormat(text);
  const object = config.raw('json_format') ?? config.raw('typed_json_format');
  return object === undefined ? undefined : jsonFormat(object);
}
