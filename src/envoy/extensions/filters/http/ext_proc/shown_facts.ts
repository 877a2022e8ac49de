import type { Json, JsonObject } from '#api';
import { compileCelText, type CelExpression } from '../../../../cel/expression.ts';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks } from '../../../../http/filter.ts';
import { celFactsOf } from '../../../../matching/match_facts.ts';
import { compileStringMatcher } from '../../../../router/string_matcher.ts';
import type { HttpResponse } from '../../../../seams.ts';

const NAMESPACE = 'envoy.filters.http.ext_proc';

interface Attribute {
  readonly name: string;
  readonly read: CelExpression | undefined;
}

/** What else than the message itself the processor is shown, and what of its metadata is taken. */
export interface ShownFacts {
  readonly requestAttributes: readonly Attribute[];
  readonly responseAttributes: readonly Attribute[];
  readonly showsHeader: (name: string) => boolean;
  readonly forwardedNamespaces: readonly string[];
  readonly receivedNamespaces: readonly string[];
}

export function compileShownFacts(node: ConfigNode): ShownFacts {
  const rules = node.child('forward_rules');
  const [allowed, disallowed] = [namesOf(rules?.child('allowed_headers')), namesOf(rules?.child('disallowed_headers'))];
  return {
    requestAttributes: attributesOf(node, 'request_attributes'),
    responseAttributes: attributesOf(node, 'response_attributes'),
    showsHeader: (name) => disallowed?.(name) !== true && (allowed?.(name) ?? true),
    ...namespacesOf(node),
  };
}

/** Of a route: only what it says. Its lists of attributes have no effect in Envoy. */
export function overriddenFacts(overrides: ConfigNode): Partial<ShownFacts> {
  return overrides.has('metadata_options') ? namespacesOf(overrides) : {};
}

function namespacesOf(node: ConfigNode): Pick<ShownFacts, 'forwardedNamespaces' | 'receivedNamespaces'> {
  const options = node.child('metadata_options');
  return {
    forwardedNamespaces: options?.child('forwarding_namespaces')?.texts('untyped') ?? [],
    receivedNamespaces: options?.child('receiving_namespaces')?.texts('untyped') ?? [],
  };
}

function namesOf(list: ConfigNode | undefined): ((name: string) => boolean) | undefined {
  const patterns = list?.list('patterns').map(compileStringMatcher);
  return patterns && ((name) => patterns.some((mismatch) => mismatch(name) === undefined));
}

const attributesOf = (node: ConfigNode, field: string): Attribute[] =>
  node.texts(field).map((name) => ({ name, read: compileCelText(name) }));

/** `ProcessingRequest.attributes`; nothing where none has a value. */
export function attributesMessage(
  attributes: readonly Attribute[],
  callbacks: FilterCallbacks,
  response: HttpResponse | undefined,
): JsonObject {
  if (attributes.length === 0) return {};
  const facts = celFactsOf({ ...factsOf(callbacks), ...(response ? { response } : {}) });
  const values = attributes.flatMap(({ name, read }) => {
    const value = jsonOf(read?.(facts));
    return value === undefined ? [] : [[name, value] as const];
  });
  return values.length === 0 ? {} : { attributes: { [NAMESPACE]: Object.fromEntries(values) } };
}

const factsOf = ({ request, connection, log, dynamicMetadata, filterState }: FilterCallbacks) => ({
  request,
  connection,
  log,
  dynamicMetadata,
  filterState,
});

function jsonOf(value: unknown): Json | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  // What has no form of its own is told by its kind: filters/common/expr/evaluator.cc, print.
  return Array.isArray(value) ? 'CelList value' : 'CelMap value';
}

/** `ProcessingRequest.metadata_context`. */
export function metadataMessage(namespaces: readonly string[], metadata: JsonObject): JsonObject {
  const shown = namespaces.flatMap((one) => (metadata[one] === undefined ? [] : [[one, metadata[one]] as const]));
  return { metadataContext: shown.length === 0 ? {} : { filterMetadata: Object.fromEntries(shown) } };
}
