import type { ConfigNode } from '../config_node.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { compileLogFilter, type LogFilterServices } from './filter.ts';
import { compileFormat } from './substitution_format.ts';

/** The files that access loggers write, by the path that they were given. */
export type LogFiles = Map<string, string>;

export interface AccessLogServices extends LogFilterServices {
  readonly files: LogFiles;
}

export type AccessLogger = (context: FormatterContext) => void;

/** The file loggers of a list of `config.accesslog.v3.AccessLog`; other kinds write nothing here. */
export function compileAccessLogs(nodes: readonly ConfigNode[], services: AccessLogServices): AccessLogger[] {
  const { files } = services;
  return nodes.flatMap((node) => {
    const config = node.child('typed_config');
    const path = config?.text('@type')?.endsWith('.FileAccessLog') === true ? config.text('path') : undefined;
    if (config === undefined || path === undefined) return [];
    const format = compileFormat(config.child('log_format'));
    const isWritten = compileLogFilter(node.child('filter'), services);
    return [
      (context: FormatterContext) =>
        void (isWritten(context) && files.set(path, (files.get(path) ?? '') + format(context))),
    ];
  });
}
