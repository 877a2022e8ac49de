import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { compileLogFilter, type LogFilterServices } from './filter.ts';
import { compileGrpcLog, type GrpcLogServices } from './grpc_access_log.ts';
import { compileFormat } from './substitution_format.ts';

/** The files that access loggers write, by the path that they were given. */
export type LogFiles = Map<string, string>;

export interface AccessLogServices extends LogFilterServices {
  readonly files: LogFiles;
  /** Absent for logs of connections, which are not sent to collectors here. */
  readonly grpc?: GrpcLogServices;
}

export type AccessLogger = (context: FormatterContext) => void;

type Compile = (config: ConfigNode, services: AccessLogServices) => AccessLogger | undefined;

/** By the end of the type of its configuration. */
const KINDS: Readonly<Record<string, Compile>> = {
  FileAccessLog: compileFileLog,
  HttpGrpcAccessLogConfig: (config, { grpc }) => grpc && compileGrpcLog(config, grpc),
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

function compileFileLog(config: ConfigNode, { files }: AccessLogServices): AccessLogger | undefined {
  const path = config.text('path');
  if (path === undefined) return undefined;
  const format = compileFormat(config.child('log_format'));
  return (context) => void files.set(path, (files.get(path) ?? '') + format(context));
}
