import type { Json } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks, type FilterStatus } from '../../../../http/filter.ts';

export const jsonToMetadataFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.json_to_metadata',
  type: 'envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata',
  fidelity: { level: 'partial', notSimulated: ['response_rules', 'allow_content_types_regex'] },
  compile: (config) => {
    const rules = config.child('request_rules');
    return (callbacks) => (rules ? { decode: () => readRequest(rules, callbacks) } : {});
  },
});

type Outcome =
  { readonly kind: 'value'; readonly value: Json } | { readonly kind: 'missing' } | { readonly kind: 'error' };

/** Reads fields of a JSON body into metadata: json_to_metadata/filter.cc. */
function readRequest(rules: ConfigNode, callbacks: FilterCallbacks): FilterStatus {
  const count = (name: string): void => callbacks.stats.add(`json_to_metadata.rq.${name}`);
  const allowed = rules.texts('allow_content_types');
  const type = (callbacks.request.get('content-type') ?? '').split(';')[0]!.trim();
  const body = callbacks.readBody();
  const isAllowed =
    type === ''
      ? rules.flag('allow_empty_content_type')
      : (allowed.length === 0 ? ['application/json'] : allowed).includes(type);
  const parsed = isAllowed ? parse(body) : undefined;
  if (!isAllowed) count('mismatched_content_type');
  else if (body === '') count('no_body');
  else count(parsed === undefined ? 'invalid_json_body' : 'success');
  for (const rule of rules.list('rules'))
    store(
      rule,
      parsed === undefined ? { kind: isAllowed && body === '' ? 'missing' : 'error' } : select(rule, parsed),
      callbacks,
    );
  return 'continue';
}

function parse(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

function select(rule: ConfigNode, parsed: Json): Outcome {
  let now: Json | undefined = parsed;
  for (const selector of rule.list('selectors'))
    now = typeof now === 'object' && now !== null && !Array.isArray(now) ? now[selector.text('key') ?? ''] : undefined;
  return now === undefined ? { kind: 'missing' } : { kind: 'value', value: now };
}

function store(rule: ConfigNode, outcome: Outcome, callbacks: FilterCallbacks): void {
  const target = rule.child({ value: 'on_present', missing: 'on_missing', error: 'on_error' }[outcome.kind]);
  if (!target) return;
  const value = target.raw('value') ?? (outcome.kind === 'value' ? outcome.value : undefined);
  const namespace = target.text('metadata_namespace') ?? '';
  if (value !== undefined)
    callbacks.setMetadata(
      namespace === '' ? 'envoy.filters.http.json_to_metadata' : namespace,
      target.text('key') ?? '',
      value,
    );
}
