import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { fullMatch } from '../../../../router/string_matcher.ts';
import { parseBody, storeBy, type Outcome } from './rules.ts';

interface MatchRules {
  readonly rules: readonly ConfigNode[];
  readonly allowsType: (type: string) => boolean;
}

export const jsonToMetadataFilterFactory = defineHttpFilter<{ request?: MatchRules; response?: MatchRules }>({
  name: 'envoy.filters.http.json_to_metadata',
  type: 'envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config) => {
    const own = compile(config);
    return (callbacks, perRoute) => {
      const { request, response } = perRoute ?? own;
      return {
        decode: () => {
          if (!request) return 'continue';
          read(request, 'rq', callbacks.request, callbacks.readBody(), callbacks);
          callbacks.clearRouteCache();
          return 'continue';
        },
        encode: (reply) => {
          if (response) read(response, 'resp', reply.headers, reply.body, callbacks);
          return reply;
        },
      };
    };
  },
  compilePerRoute: compile,
});

function compile(config: ConfigNode): { request?: MatchRules; response?: MatchRules } {
  const [request, response] = [config.child('request_rules'), config.child('response_rules')];
  return {
    ...(request ? { request: compileRules(request) } : {}),
    ...(response ? { response: compileRules(response) } : {}),
  };
}

function compileRules(node: ConfigNode): MatchRules {
  const listed = node.texts('allow_content_types');
  const regex = node.child('allow_content_types_regex')?.text('regex');
  const fitsRegex = regex === undefined ? () => false : fullMatch(regex);
  const allowed = new Set(listed.length === 0 && regex === undefined ? ['application/json'] : listed);
  const allowsEmpty = node.flag('allow_empty_content_type');
  // With its parameters: `application/json; charset=utf-8` is another type.
  return {
    rules: node.list('rules'),
    allowsType: (type) => (type === '' ? allowsEmpty : allowed.has(type) || fitsRegex(type)),
  };
}

/** Reads fields of a JSON body into metadata: json_to_metadata/filter.cc. */
function read(
  { rules, allowsType }: MatchRules,
  direction: 'rq' | 'resp',
  headers: HeaderMap,
  body: string,
  callbacks: FilterCallbacks,
): void {
  const isAllowed = allowsType(headers.get('content-type') ?? '');
  const parsed = isAllowed ? parseBody(body) : undefined;
  const what = !isAllowed
    ? 'mismatched_content_type'
    : body === ''
      ? 'no_body'
      : parsed === undefined
        ? 'invalid_json_body'
        : 'success';
  callbacks.stats.add(`json_to_metadata.${direction}.${what}`);
  const failed: Outcome = { kind: what === 'no_body' ? 'missing' : 'error' };
  // What one rule keeps is not there yet for the others.
  const known = Object.fromEntries(
    Object.entries(callbacks.dynamicMetadata).map(([name, one]) => [name, { ...(one as JsonObject) }]),
  );
  for (const rule of rules) storeBy(rule, parsed === undefined ? failed : parsed, known, callbacks);
}
