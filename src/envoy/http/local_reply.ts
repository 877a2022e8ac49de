import { compileLogFilter, type LogFilterServices } from '../access_log/filter.ts';
import { compileFormat, type Format } from '../access_log/substitution_format.ts';
import type { ConfigNode } from '../config_node.ts';
import type { FileSystem } from '../seams.ts';
import { textOfSource } from '../data_source.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { addHeader, type HeaderMap } from './header_map.ts';
import { expand } from '../formatter/format_text.ts';

/** A reply of Envoy's own before it goes out. */
export interface LocalReply {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

/** Changes a reply as the connection manager is told to; headers are added in place. */
export type LocalReplyRewrite = (reply: LocalReply, headers: HeaderMap, context: FormatterContext) => LocalReply;

interface Mapper {
  readonly fits: (context: FormatterContext) => boolean;
  readonly status: number | undefined;
  readonly body: string | undefined;
  readonly format: BodyFormat | undefined;
  readonly addHeaders: (headers: HeaderMap, context: FormatterContext) => void;
}

export interface BodyFormat {
  readonly write: Format;
  readonly contentType: string;
}

/** Filters, and where texts may be. */
interface LocalReplyServices extends LogFilterServices {
  readonly fileSystem: FileSystem;
}

/** `local_reply_config`: the first mapper that fits, and the format of every body: local_reply/local_reply.cc. */
export function compileLocalReply(
  node: ConfigNode | undefined,
  services: LocalReplyServices,
): LocalReplyRewrite | undefined {
  if (!node) return undefined;
  const mappers = node.list('mappers').map((one) => compileMapper(one, services));
  const ownFormat = compileBodyFormat(node.child('body_format'), services);
  return (reply, headers, context) => {
    const log = (status: number): FormatterContext => ({ ...context, log: { ...context.log, code: status } });
    const mapper = mappers.find((one) => one.fits(log(reply.status)));
    const [status, body] = [mapper?.status ?? reply.status, mapper?.body ?? reply.body];
    // Headers are added before the code is changed.
    mapper?.addHeaders(headers, log(reply.status));
    const format = mapper?.format ?? ownFormat;
    if (!format) return { status, body, contentType: reply.contentType };
    const text = format.write({ ...log(status), response: headers, localReplyBody: body });
    return { status, body: text, contentType: format.contentType };
  };
}

function compileMapper(node: ConfigNode, services: LocalReplyServices): Mapper {
  const added = node.list('headers_to_add').map((option) => ({
    name: (option.child('header')?.text('key') ?? '').toLowerCase(),
    template: option.child('header')?.text('value') ?? '',
    action: option.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD',
  }));
  return {
    fits: compileLogFilter(node.child('filter'), services),
    status: node.number('status_code'),
    body: textOfSource(node.child('body'), services.fileSystem),
    format: compileBodyFormat(node.child('body_format_override'), services),
    addHeaders: (headers, context) => {
      for (const { name, template, action } of added) addHeader(headers, name, expand(template, context), action);
    },
  };
}

/** A body by its format, with the type that it has then. */
export function compileBodyFormat(
  node: ConfigNode | undefined,
  services?: Pick<LocalReplyServices, 'fileSystem'>,
): BodyFormat | undefined {
  if (!node) return undefined;
  const usual = node.has('json_format') ? 'application/json' : 'text/plain';
  return { write: compileFormat(node, services?.fileSystem), contentType: node.text('content_type') || usual };
}
