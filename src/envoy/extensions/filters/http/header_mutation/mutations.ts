import type { ConfigNode } from '../../../../config_node.ts';
import { expand } from '../../../../formatter/format_text.ts';
import type { FormatterContext } from '../../../../formatter/formatter_context.ts';
import { compileHeaderMutations, type HeaderMutate } from '../../../../http/header_mutations.ts';
import { QueryParameters } from '../../../../http/query_parameters.ts';

type Context = () => FormatterContext;

/** `Mutations` of one level, compiled: what it does to headers, trailers and the query of a request. */
export interface Mutations {
  readonly request: HeaderMutate;
  readonly requestTrailers: HeaderMutate;
  readonly response: HeaderMutate;
  readonly responseTrailers: HeaderMutate;
}

export function compileMutations(node: ConfigNode | undefined): Mutations {
  const headersBy = (field: string): HeaderMutate => compileHeaderMutations(node?.list(field) ?? []);
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

/** The query is written anew, in the order of its names. */
function compileQuery(mutations: readonly ConfigNode[]): HeaderMutate {
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
