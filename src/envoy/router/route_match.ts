import { ConfigNode } from '../config_node.ts';
import type { JsonObject } from '#api';
import { compileMetadataMatcher } from '../matching/metadata_matcher.ts';
import type { Connection } from '../seams.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { isGrpc } from '../formatter/grpc_status.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { compileUriTemplate } from './uri_template.ts';
import { compileStringMatcher, fullMatch } from './string_matcher.ts';
import { cookieValue } from '../http/cookies.ts';

/** Undefined when the request fits, else the condition and the value that failed. */
export type Mismatch = (request: HeaderMap, path: string, facts?: RouteFacts) => string | undefined;

/** What a route may look at beyond the request's headers. */
export interface RouteFacts {
  readonly connection: Connection;
  readonly dynamicMetadata: JsonObject;
  readonly filterState: ReadonlyMap<string, string>;
  readonly runtime?: Runtime | undefined;
}

/** `config.route.v3.RouteMatch`: path, headers and query parameters, all of which must fit. */
export function compileRouteMatch(node: ConfigNode): Mismatch {
  const conditions = [
    compilePath(node),
    ...node.list('headers').map(compileHeaderMatcher),
    ...node.list('query_parameters').map(compileQueryParameter),
    ...(node.has('grpc') ? [mismatchGrpc] : []),
    ...node.list('cookies').map(compileCookie),
    ...node.list('dynamic_metadata').map(compileMetadata),
    ...node.list('filter_state').map(compileFilterState),
    ...(node.child('tls_context') ? [compileTlsContext(node.child('tls_context')!)] : []),
  ];
  return (request, path, facts) => {
    for (const condition of conditions) {
      const mismatch = condition(request, path, facts);
      if (mismatch !== undefined) return mismatch;
    }
    return undefined;
  };
}

function compileMetadata(node: ConfigNode): Mismatch {
  const matches = compileMetadataMatcher(node);
  return (_, __, facts) =>
    facts && matches(facts.dynamicMetadata)
      ? undefined
      : `the dynamic metadata of \`${node.text('filter') ?? ''}\` does not fit`;
}

function compileFilterState(node: ConfigNode): Mismatch {
  const key = node.text('key') ?? '';
  const string = node.child('string_match');
  const mismatch = string ? compileStringMatcher(string) : () => 'nothing';
  return (_, __, facts) => {
    const value = facts?.filterState.get(key);
    if (value === undefined) return `there is no filter state \`${key}\``;
    const wanted = mismatch(value);
    return wanted === undefined ? undefined : `the filter state \`${key}\` is "${value}", not ${wanted}`;
  };
}

/** What is false fits a plain connection too; a certificate is not validated where no CA is trusted. */
function compileTlsContext(node: ConfigNode): Mismatch {
  const fits = (field: string, is: boolean): boolean => !node.has(field) || node.flag(field) === is;
  return (_, __, facts) => {
    const tls = facts?.connection.tls;
    const [isPresented, isValidated] = [tls?.peer !== undefined, tls?.isPeerValidated === true];
    if (!fits('presented', isPresented)) return `the client showed ${isPresented ? 'a' : 'no'} certificate`;
    return fits('validated', isValidated)
      ? undefined
      : `the client showed ${isValidated ? 'a' : 'no'} certificate that is trusted`;
  };
}

const mismatchGrpc: Mismatch = (request) => (isGrpc(request) ? undefined : 'the request is not gRPC');

function compilePath(node: ConfigNode): Mismatch {
  const mismatch = compilePathKind(node);
  if (node.has('connect_matcher')) return mismatch;
  return (request, path) =>
    request.get(':method') === 'CONNECT' && !request.has(':path')
      ? 'a CONNECT request has no path'
      : mismatch(request, path);
}

function compilePathKind(node: ConfigNode): Mismatch {
  const caseSensitive = node.raw('case_sensitive') !== false;
  const fold = (text: string): string => (caseSensitive ? text : text.toLowerCase());
  const say = (path: string, wanted: string): string => `path "${path}" is not ${wanted}`;
  const prefix = node.text('prefix');
  if (prefix !== undefined) {
    return (_, path) => (fold(path).startsWith(fold(prefix)) ? undefined : say(path, `under the prefix "${prefix}"`));
  }
  const exact = node.text('path');
  if (exact !== undefined) {
    return (_, path) =>
      fold(withoutQuery(path)) === fold(exact) ? undefined : say(withoutQuery(path), `exactly "${exact}"`);
  }
  const separated = node.text('path_separated_prefix');
  if (separated !== undefined) {
    return (_, path) => {
      const bare = fold(withoutQuery(path));
      const fits = bare === fold(separated) || bare.startsWith(`${fold(separated)}/`);
      return fits ? undefined : say(withoutQuery(path), `"${separated}" or below "${separated}/"`);
    };
  }
  const regex = node.child('safe_regex')?.text('regex');
  if (regex !== undefined) {
    const matches = fullMatch(regex);
    return (_, path) =>
      matches(withoutQuery(path)) ? undefined : say(withoutQuery(path), `matched whole by "${regex}"`);
  }
  const template = node.child('path_match_policy')?.child('typed_config')?.text('path_template');
  if (template !== undefined) {
    const capture = compileUriTemplate(template);
    return (_, path) =>
      capture(withoutQuery(path)) ? undefined : say(withoutQuery(path), `of the form "${template}"`);
  }
  if (node.has('connect_matcher'))
    return (request) => (request.get(':method') === 'CONNECT' ? undefined : 'the method is not CONNECT');
  return () => undefined;
}

export const withoutQuery = (path: string): string => path.split(/[?#]/, 1)[0]!;

/** `type.matcher.v3.PathMatcher`: whether a path fits, without its query. */
export function compilePathMatcher(node: ConfigNode): (path: string) => boolean {
  const path = node.child('path');
  const mismatch = path ? compileStringMatcher(path) : () => undefined;
  return (text) => mismatch(withoutQuery(text)) === undefined;
}

/** `config.route.v3.HeaderMatcher`: each value of a repeated header is tried by itself. */
export function compileHeaderMatcher(node: ConfigNode): Mismatch {
  const name = (node.text('name') ?? '').toLowerCase();
  const inverted = node.flag('invert_match');
  const missingIsEmpty = node.flag('treat_missing_header_as_empty');
  const mismatchOf = compileHeaderValue(node);
  return (request) => {
    const values = request.all(name);
    if (values.length === 0 && missingIsEmpty) values.push('');
    if (node.has('present_match')) {
      const fits = (values.length > 0 === (node.raw('present_match') === true)) !== inverted;
      return fits ? undefined : `header ${name} is ${values.length > 0 ? 'present' : 'absent'}`;
    }
    if (values.length === 0) return `header ${name} is absent`;
    const wanted = values.map(mismatchOf);
    const fits = wanted.includes(undefined) !== inverted;
    return fits
      ? undefined
      : `header ${name} is "${values.join('", "')}", ${inverted ? 'which is excluded' : `not ${wanted[0]}`}`;
  };
}

function compileHeaderValue(node: ConfigNode): (value: string) => string | undefined {
  const range = node.child('range_match');
  if (range) {
    const [start, end] = [range.number('start') ?? 0, range.number('end') ?? 0];
    return (value) =>
      /^[-+]?\d+$/.test(value) && Number(value) >= start && Number(value) < end ? undefined : `in [${start}, ${end})`;
  }
  return compileStringMatcher(node.child('string_match') ?? deprecatedStringMatch(node));
}

/** `exact_match`, `prefix_match`, … of older configurations, read as a StringMatcher. */
function deprecatedStringMatch(node: ConfigNode): ConfigNode {
  const entries = ['exact', 'prefix', 'suffix', 'contains'].flatMap((kind) => {
    const value = node.text(`${kind}_match`);
    return value === undefined ? [] : [[kind, value] as const];
  });
  const regex = node.raw('safe_regex_match');
  return new ConfigNode(
    { ...Object.fromEntries(entries), ...(regex === undefined ? {} : { safeRegex: regex }) },
    node.ref,
  );
}

function compileCookie(node: ConfigNode): Mismatch {
  const name = node.text('name') ?? '';
  const string = node.child('string_match');
  const mismatchOf = string ? compileStringMatcher(string) : () => undefined;
  const inverted = node.flag('invert_match');
  return (request) => {
    const value = cookieValue(request, name);
    if (value === undefined) return inverted ? undefined : `cookie ${name} is absent`;
    const wanted = mismatchOf(value);
    return (wanted === undefined) !== inverted
      ? undefined
      : `cookie ${name} is "${value}", ${inverted ? 'which is excluded' : `not ${wanted}`}`;
  };
}

export function compileQueryParameter(node: ConfigNode): Mismatch {
  const name = node.text('name') ?? '';
  const string = node.child('string_match');
  const mismatchOf = string ? compileStringMatcher(string) : () => undefined;
  return (_, path) => {
    const value = queryParameter(path, name);
    if (node.has('present_match')) {
      return (value !== undefined) === node.flag('present_match')
        ? undefined
        : `query parameter ${name} is ${value === undefined ? 'absent' : 'present'}`;
    }
    if (value === undefined) return `query parameter ${name} is absent`;
    const wanted = mismatchOf(value);
    return wanted === undefined ? undefined : `query parameter ${name} is "${value}", not ${wanted}`;
  };
}

export function queryParameter(path: string, name: string): string | undefined {
  for (const part of (path.split('?')[1] ?? '').split('&')) {
    const [key, ...rest] = part.split('=');
    if (key === name && part !== '') return rest.join('=');
  }
  return undefined;
}
