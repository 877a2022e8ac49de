import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks } from '../../../../http/filter.ts';

const NAMESPACE = 'envoy.filters.http.json_to_metadata';

/** There is no body to select from. */
export interface Outcome {
  readonly kind: 'missing' | 'error';
}

/** A body that could be read. */
interface Parsed {
  readonly kind: 'body';
  readonly value: Json;
}

export function parseBody(body: string): Parsed | undefined {
  try {
    return { kind: 'body', value: JSON.parse(body) as Json };
  } catch {
    return undefined;
  }
}

/** Keeps what one rule selects; or what it says for a value that is missing, or a body that cannot be read. */
export function storeBy(
  rule: ConfigNode,
  found: Parsed | Outcome,
  before: JsonObject,
  callbacks: FilterCallbacks,
): void {
  const selected = found.kind === 'body' ? select(rule, found.value) : undefined;
  const field = found.kind === 'error' ? 'on_error' : selected === undefined ? 'on_missing' : 'on_present';
  const target = rule.child(field);
  const value = target && (target.raw('value') ?? (selected === undefined ? undefined : typed(selected, target)));
  if (!target || value === undefined) return;
  const namespace = target.text('metadata_namespace') || NAMESPACE;
  const key = target.text('key') ?? '';
  const known = before[namespace] as JsonObject | undefined;
  if (target.flag('preserve_existing_metadata_value') && known?.[key] !== undefined) return;
  callbacks.setMetadata(namespace, key, value);
}

/** Objects, lists and null count as missing: only what one value holds can be kept. */
function select(rule: ConfigNode, body: Json): string | number | boolean | undefined {
  let now: Json | undefined = body;
  for (const selector of rule.list('selectors'))
    now = typeof now === 'object' && now !== null && !Array.isArray(now) ? now[selector.text('key') ?? ''] : undefined;
  return typeof now === 'object' ? undefined : now;
}

function typed(value: string | number | boolean, target: ConfigNode): Json | undefined {
  const type = target.text('type');
  if (type === 'STRING') return typeof value === 'boolean' ? String(Number(value)) : String(value);
  if (type !== 'NUMBER') return value;
  const number = Number(value);
  return value === '' || Number.isNaN(number) ? undefined : number;
}
