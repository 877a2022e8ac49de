import type { Json } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { valueOfBytes } from './protobuf_value.ts';
import { defineHttpFilter, type FactoryContext, type FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { bytesOfBase64 } from '../../../../matching/base64.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import { substituted } from '../../../../matching/substitution.ts';
import { cookieValue } from '../../../../http/cookies.ts';

const COUNTERS = [
  'request_rules_processed',
  'response_rules_processed',
  'request_metadata_added',
  'response_metadata_added',
  'request_header_not_found',
  'response_header_not_found',
  'base64_decode_failed',
  'header_value_too_long',
  'regex_substitution_failed',
] as const;
const MAX_VALUE_BYTES = 8_192;

type Direction = 'request' | 'response';
type Count = (name: (typeof COUNTERS)[number]) => void;

interface Rules {
  readonly node: ConfigNode;
  readonly count: Count;
}

/** Without a `stat_prefix` nothing is counted. */
function compile(node: ConfigNode, { stats }: FactoryContext): Rules {
  const prefix = node.text('stat_prefix') ?? '';
  if (prefix === '') return { node, count: () => undefined };
  const counters = createStats(stats, `http_filter_name.${prefix}.`, { counters: COUNTERS });
  return { node, count: (name) => counters[name].inc() };
}

export const headerToMetadataFilterFactory = defineHttpFilter<Rules>({
  name: 'envoy.filters.http.header_to_metadata',
  type: 'envoy.extensions.filters.http.header_to_metadata.v3.Config',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, context) => {
    const own = compile(config, context);
    return (callbacks, perRoute) => ({
      decode: () => {
        applyRules('request', perRoute ?? own, callbacks.request, callbacks);
        return 'continue';
      },
      encode: (response) => {
        applyRules('response', perRoute ?? own, response.headers, callbacks);
        return response;
      },
    });
  },
  compilePerRoute: compile,
});

/** Reads headers and cookies into metadata: header_to_metadata_filter.cc. */
function applyRules(
  direction: Direction,
  { node, count }: Rules,
  headers: HeaderMap,
  callbacks: FilterCallbacks,
): void {
  for (const rule of node.list(`${direction}_rules`)) {
    count(`${direction}_rules_processed`);
    const value = valueIn(headers, rule);
    const target = rule.child(value === undefined ? 'on_header_missing' : 'on_header_present');
    if (target && value === undefined) count(`${direction}_header_not_found`);
    if (target && store(target, valueFor(target, value ?? '', count), callbacks, count))
      count(`${direction}_metadata_added`);
    if (value !== undefined && rule.text('header') && rule.flag('remove'))
      headers.remove(rule.text('header')!.toLowerCase());
  }
}

function valueIn(headers: HeaderMap, rule: ConfigNode): string | undefined {
  const header = rule.text('header')?.toLowerCase() ?? '';
  if (header === '') return cookieValue(headers, rule.text('cookie') ?? '');
  return headers.has(header) ? headers.all(header).join(',') : undefined;
}

function valueFor(target: ConfigNode, found: string, count: Count): string {
  const fixed = target.text('value') ?? '';
  if (fixed !== '') return fixed;
  const rewrite = target.child('regex_value_rewrite');
  if (rewrite?.child('pattern')?.has('regex') !== true) return found;
  const rewritten = substituted(rewrite, found);
  if (rewritten === '' && found !== '') count('regex_substitution_failed');
  return rewritten;
}

/** Whether there was something to keep. */
function store(target: ConfigNode, text: string, callbacks: FilterCallbacks, count: Count): boolean {
  if (text === '') return false;
  if (text.length >= MAX_VALUE_BYTES) {
    count('header_value_too_long');
    return false;
  }
  const isEncoded = target.text('encode') === 'BASE64';
  const bytes = isEncoded ? bytesOfBase64(text) : new TextEncoder().encode(text);
  if (!bytes || bytes.length === 0) count('base64_decode_failed');
  const value = bytes && bytes.length > 0 ? typed(bytes, target.text('type')) : undefined;
  if (value === undefined) return false;
  const namespace = target.text('metadata_namespace') || 'envoy.filters.http.header_to_metadata';
  callbacks.setMetadata(namespace, target.text('key') ?? '', value);
  return true;
}

/** Undefined where the bytes are not what they are said to be: then nothing is kept. */
function typed(bytes: Uint8Array, type: string | undefined): Json | undefined {
  if (type === 'PROTOBUF_VALUE') return valueOfBytes(bytes);
  const text = new TextDecoder().decode(bytes);
  if (type !== 'NUMBER') return text;
  return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}
