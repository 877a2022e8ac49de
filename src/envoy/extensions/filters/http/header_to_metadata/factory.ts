import type { Json } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import { defineHttpFilter, type FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { textOfBase64 } from '../../../../matching/base64.ts';
import { substituted } from '../../../../matching/substitution.ts';
import { cookieValue } from '../../../../http/cookies.ts';

export const headerToMetadataFilterFactory = defineHttpFilter<ConfigNode>({
  name: 'envoy.filters.http.header_to_metadata',
  type: 'envoy.extensions.filters.http.header_to_metadata.v3.Config',
  fidelity: { level: 'partial', notSimulated: ['PROTOBUF_VALUE', 'stat_prefix'] },
  compile: (own) => (callbacks, perRoute) => ({
    decode: () => {
      for (const rule of (perRoute ?? own).list('request_rules')) applyRule(rule, callbacks.request, callbacks);
      return 'continue';
    },
    encode: (response) => {
      for (const rule of (perRoute ?? own).list('response_rules')) applyRule(rule, response.headers, callbacks);
      return response;
    },
  }),
  compilePerRoute: (config) => config,
});

/** Reads a header or cookie into metadata: header_to_metadata_filter.cc. */
function applyRule(rule: ConfigNode, headers: HeaderMap, callbacks: FilterCallbacks): void {
  const header = rule.text('header')?.toLowerCase() ?? '';
  const cookie = rule.text('cookie') ?? '';
  const value =
    header === '' ? cookieValue(headers, cookie) : headers.has(header) ? headers.all(header).join(',') : undefined;
  const onPresent = rule.child('on_header_present');
  const onMissing = rule.child('on_header_missing');
  if (value !== undefined && onPresent) store(onPresent, valueFor(onPresent, value), callbacks);
  else if (value === undefined && onMissing) store(onMissing, onMissing.text('value') ?? '', callbacks);
  if (value !== undefined && header !== '' && rule.flag('remove')) headers.remove(header);
}

function valueFor(target: ConfigNode, found: string): string {
  const rewrite = target.child('regex_value_rewrite');
  if (rewrite?.child('pattern')?.has('regex')) return substituted(rewrite, found);
  const fixed = target.text('value') ?? '';
  return fixed === '' ? found : fixed;
}

function store(target: ConfigNode, text: string, callbacks: FilterCallbacks): void {
  if (text === '') return;
  const namespace = target.text('metadata_namespace') ?? '';
  const value = typed(text, target);
  if (value === undefined) return;
  callbacks.setMetadata(
    namespace === '' ? 'envoy.filters.http.header_to_metadata' : namespace,
    target.text('key') ?? '',
    value,
  );
}

/** Undefined where the text is not what it is said to be: then nothing is kept. */
function typed(text: string, target: ConfigNode): Json | undefined {
  const plain = target.text('encode') === 'BASE64' ? textOfBase64(text) : text;
  if (plain === undefined || target.text('type') !== 'NUMBER') return plain;
  return plain.trim() === '' || Number.isNaN(Number(plain)) ? undefined : Number(plain);
}
