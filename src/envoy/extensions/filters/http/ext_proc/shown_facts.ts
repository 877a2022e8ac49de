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

interface Namespaces {
  readonly untyped: readonly string[];
  readonly typed: readonly string[];
}

/** What else than the message itself the processor is shown, and what of its metadata is taken. */
export interface ShownFacts {
  readonly requestAttributes: readonly Attribute[];
  readonly responseAttributes: readonly Attribute[];
  readonly showsHeader: (name: string) => boolean;
  readonly forwarded: Namespaces;
  /** Of the cluster's own metadata. */
  readonly ofCluster: Namespaces;
  readonly received: Namespaces;
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
  const options = overrides.child('metadata_options');
  const { forwarded, ofCluster, received } = namespacesOf(overrides);
  return {
    ...(options?.has('forwarding_namespaces') ? { forwarded } : {}),
    ...(options?.has('cluster_metadata_forwarding_namespaces') ? { ofCluster } : {}),
    ...(options?.has('receiving_namespaces') ? { received } : {}),
  };
}

function namespacesOf(node: ConfigNode): Pick<ShownFacts, 'forwarded' | 'ofCluster' | 'received'> {
  const options = node.child('metadata_options');
  const of = (name: string): Namespaces => ({
    untyped: options?.child(name)?.texts('untyped') ?? [],
    typed: options?.child(name)?.texts('typed') ?? [],
  });
  return {
    forwarded: of('forwarding_namespaces'),
    ofCluster: of('cluster_metadata_forwarding_namespaces'),
    received: of('receiving_namespaces'),
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
  const facts = {
    ...celFactsOf({ ...factsOf(callbacks), ...(response ? { response } : {}) }),
    log: response ? { ...callbacks.log, code: response.status } : callbacks.log,
    virtualHost: callbacks.virtualHost,
  };
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
export function metadataMessage({ forwarded, ofCluster }: ShownFacts, callbacks: FilterCallbacks): JsonObject {
  const cluster = callbacks.cluster?.node.child('metadata');
  const untyped = {
    ...picked(ofCluster.untyped, cluster?.child('filter_metadata')?.value),
    ...picked(forwarded.untyped, callbacks.dynamicMetadata),
  };
  const typed = {
    ...picked(ofCluster.typed, cluster?.child('typed_filter_metadata')?.value),
    ...picked(forwarded.typed, callbacks.dynamicTypedMetadata),
  };
  return {
    metadataContext: {
      ...(Object.keys(untyped).length > 0 ? { filterMetadata: untyped } : {}),
      ...(Object.keys(typed).length > 0 ? { typedFilterMetadata: typed } : {}),
    },
  };
}

const picked = (names: readonly string[], from: JsonObject = {}): JsonObject =>
  Object.fromEntries(names.flatMap((one) => (from[one] === undefined ? [] : [[one, from[one]] as const])));

/** Keeps what the processor says of the namespaces that it may write. */
export function takeMetadata(message: ConfigNode, { received }: ShownFacts, callbacks: FilterCallbacks): void {
  const metadata = message.child('dynamic_metadata');
  for (const namespace of received.untyped)
    for (const [key, value] of Object.entries(metadata?.child(namespace)?.value ?? {}))
      callbacks.setMetadata(namespace, key, value);
  Object.assign(
    callbacks.dynamicTypedMetadata,
    picked(received.typed, message.child('typed_dynamic_metadata')?.value ?? {}),
  );
}
