import type { Json } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { inlineText, textOfSource } from '../data_source.ts';
import { expand, soleValue } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { FileSystem } from '../seams.ts';

/** Writes one entry of an access log, or one body of a local reply. */
export type Format = (context: FormatterContext) => string;

/** Envoy's own line where no format is given: formatter/substitution_format_utility.cc. */
const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% ' +
  '%DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** `core.v3.SubstitutionFormatString`: a text as it stands, which may be in a file, or an object as a line of JSON. */
export function compileFormat(node: ConfigNode | undefined, files?: FileSystem): Format {
  const omitsEmpty = node?.flag('omit_empty_values') === true;
  const object = node?.raw('json_format');
  if (object !== undefined) return jsonFormat(object, omitsEmpty);
  const source = node?.child('text_format_source');
  const text = node?.text('text_format') ?? (files ? textOfSource(source, files) : inlineText(source));
  return textFormat(text ?? DEFAULT_FORMAT, omitsEmpty);
}

export const textFormat =
  (text: string, omitsEmpty = false): Format =>
  (context) =>
    expand(text, context, omitsEmpty ? '' : '-');

export const jsonFormat =
  (object: Json, omitsEmpty = false): Format =>
  (context) =>
    `${JSON.stringify(filled(object, context, omitsEmpty) ?? {})}\n`;

/** Keys come out in alphabetical order; what is empty is null, or left out with omit_empty_values. */
function filled(template: Json, context: FormatterContext, omitsEmpty: boolean): Json | undefined {
  if (typeof template === 'string') {
    const sole = soleValue(template, context);
    if (!sole) return expand(template, context, omitsEmpty ? '' : '-');
    return sole.value ?? (omitsEmpty ? undefined : null);
  }
  if (typeof template === 'number') return Number.isInteger(template) ? template : String(template);
  if (template === null && omitsEmpty) return undefined;
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template))
    return template.flatMap((one) => {
      const value = filled(one, context, omitsEmpty);
      return value === undefined && omitsEmpty ? [] : [value ?? null];
    });
  const entries = Object.keys(template)
    .sort()
    .flatMap((key) => {
      const value = filled(template[key]!, context, omitsEmpty);
      return value === undefined ? [] : [[key, value] as const];
    });
  return entries.length === 0 && omitsEmpty ? undefined : Object.fromEntries(entries);
}
