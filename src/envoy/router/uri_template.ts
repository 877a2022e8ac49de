import { RE2JS } from 're2js';

/** The values of a path's `{names}`, or undefined where the path is not of the template's form. */
export type UriTemplate = (path: string) => Record<string, string> | undefined;

const SEGMENT = "[a-zA-Z0-9-._~%!$&'()+,;:@=]+";
const ANY_SEGMENTS = "[a-zA-Z0-9-._~%!$&'()+,;:@=/]*";

/** `uri_template` of the path match extension: `*` is one segment, `**` any number, `{name}` and `{name=PATTERN}` capture. */
export function compileUriTemplate(template: string): UriTemplate {
  const names: string[] = [];
  const source = template.replace(/\{(\w+)(?:=([^}]*))?\}|\*\*|\*|[^*{}]+/g, (part, name?: string, inner?: string) => {
    if (name === undefined) return part === '**' ? ANY_SEGMENTS : part === '*' ? SEGMENT : RE2JS.quote(part);
    names.push(name);
    return `(${(inner ?? '*').replace(/\*\*|\*|[^*]+/g, (one) => (one === '**' ? ANY_SEGMENTS : one === '*' ? SEGMENT : RE2JS.quote(one)))})`;
  });
  const pattern = RE2JS.compile(source);
  return (path) => {
    const matcher = pattern.matcher(path);
    if (!matcher.matches()) return undefined;
    return Object.fromEntries(names.map((name, i) => [name, matcher.group(i + 1) ?? '']));
  };
}
