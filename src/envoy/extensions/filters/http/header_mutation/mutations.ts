import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import type { FormatterContext } from '../../../../formatter/formatter_context.ts';
import { addHeader, type HeaderMap } from '../../../../http/header_map.ts';
import { QueryParameters } from '../../../../http/query_parameters.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';

type Context = () => FormatterContext;
type Mutate = (headers: HeaderMap, context: Context) => void;

/** `Mutations` of one level, compiled: what it does to headers, trailers and the query of a request. */
export interface Mutations {
  readonly request: Mutate;
  readonly requestTrailers: Mutate;
  readonly response: Mutate;
  readonly responseTrailers: Mutate;
}

export function compileMutations(node: ConfigNode | undefined): Mutations {
  const headersBy = (field: string): Mutate => {
    const all = (node?.list(field) ?? []).map(compileOne);
    return (headers, context) => {
      for (const one of all) one(headers, context);
    };
  };
  const [request, query] = [
    headersBy('request_mutations'),
    compileQuery(node?.list('query_parameter_mutations') ?? []),
  ];
  return {
    request: (headers, context) => {
      request(headers, context);
      query(headers, context);
    },
    requestTrailers: headersBy('request_trailers_mutations'),
    response: headersBy('response_mutations'),
    responseTrailers: headersBy('response_trailers_mutations'),
  };
}

function compileOne(mutation: ConfigNode): Mutate {
  const remove = mutation.text('remove')?.toLowerCase();
  if (remove !== undefined) return (headers) => headers.remove(remove);
  const key = mutation.child('remove_on_match')?.child('key_matcher');
  if (key) {
    const mismatch = compileStringMatcher(key);
    return (headers) => headers.removeAll(new Set(headers.names().filter((name) => mismatch(name) === undefined)));
  }
  const append = mutation.child('append');
  const header = append?.child('header');
  if (!append || !header) return () => undefined;
  const name = (header.text('key') ?? '').toLowerCase();
  const template = header.text('value') ?? '';
  const action = append.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD';
  const keepsEmpty = append.flag('keep_empty_value');
  return (headers, context) => {
    const value = expand(template, context());
    if (value !== '' || keepsEmpty) addHeader(headers, name, value, action);
  };
}

/** The query is written anew, in the order of its names. */
function compileQuery(mutations: readonly ConfigNode[]): Mutate {
  if (mutations.length === 0) return () => undefined;
  const all = mutations.map((mutation) => {
    const remove = mutation.text('remove');
    if (remove !== undefined) return (query: QueryParameters) => query.remove(remove);
    const append = mutation.child('append');
    const record = append?.child('record');
    const name = encodeURIComponent(record?.text('key') ?? '');
    const template = String(record?.raw('value') ?? '');
    const action = append?.text('action') ?? 'APPEND_IF_EXISTS_OR_ADD';
    return (query: QueryParameters, context: Context) => {
      const value = encodeURIComponent(expand(template, context()));
      const exists = query.has(name);
      if (action === 'APPEND_IF_EXISTS_OR_ADD' || (action === 'ADD_IF_ABSENT' && !exists)) query.add(name, value);
      else if (action === 'OVERWRITE_IF_EXISTS_OR_ADD' || (action === 'OVERWRITE_IF_EXISTS' && exists))
        query.set(name, value);
    };
  });
  return (headers, context) => {
    const query = new QueryParameters(headers.get(':path') ?? '');
    for (const one of all) one(query, context);
    headers.set(':path', query.path);
  };
}
