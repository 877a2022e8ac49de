import { compileRe2, quoteRe2 } from '../matching/re2.ts';

/** The values of a path's `{names}`, or undefined where the path is not of the template's form. */
export type UriTemplate = (path: string) => Record<string, string> | undefined;

const SEGMENT = "[a-zA-Z0-9-._~%!$&'()+,;:@=]+";
const ANY_SEGMENTS = "[a-zA-Z0-9-._~%!$&'()+,;:@=/]*";

/** `uri_template` of the path match extension: `*` is one segment, `**` any number, `{name}` and `{name=PATTERN}` capture. */
export function compileUriTemplate(template: string): UriTemplate {
  const names: string[] = [];
  const source = template.replace(/\{(\w+)(?:=([^}]*))?\}|\*\*|\*|[^*{}]+/g, (part, name?: string, inner?: string) => {
    if (name === undefined) return part === '**' ? ANY_SEGMENTS : part === '*' ? SEGMENT : quoteRe2(part);
    names.push(name);
    return `(${(inner ?? '*').replace(/\*\*|\*|[^*]+/g, (one) => (one === '**' ? ANY_SEGMENTS : one === '*' ? SEGMENT : quoteRe2(one)))})`;
  });
  const pattern = compileRe2(source);
  return (path) => {
    const matcher = pattern.matcher(path);
    if (!matcher.matches()) return undefined;
    return Object.fromEntries(names.map((name, i) => [name, matcher.group(i + 1) ?? '']));
  };
}

const MAX_VARIABLES = 5;
const MAX_NAME_LENGTH = 16;

/** Why a template is refused: source/extensions/path/uri_template_lib/uri_template_internal.cc. Undefined for a good one. */
export function templateFault(template: string): string | undefined {
  if (!template.startsWith('/')) return 'it does not begin with a slash';
  const names: string[] = [];
  let seesAnyRest = false;
  for (const [part, name, inner] of template.matchAll(/\{(\w*)(?:=([^{}]*))?\}|\*\*|\*|[{}]/g)) {
    if (part === '{' || part === '}') return 'a bracket has no partner';
    if (name !== undefined) {
      const fault = nameFault(name, names);
      if (fault !== undefined) return fault;
      names.push(name);
    }
    const glob = name === undefined ? part : (inner ?? '*');
    if (seesAnyRest && glob.includes('*')) return '`**` must be the last wildcard';
    seesAnyRest ||= glob.includes('**');
  }
  return names.length > MAX_VARIABLES ? `it has more than ${MAX_VARIABLES} variables` : undefined;
}

function nameFault(name: string, earlier: readonly string[]): string | undefined {
  if (!/^[a-zA-Z]\w*$/.test(name)) return `"${name}" is no name of a variable`;
  if (name.length > MAX_NAME_LENGTH) return `the name \`${name}\` has more than ${MAX_NAME_LENGTH} characters`;
  return earlier.includes(name) ? `the variable \`${name}\` stands twice` : undefined;
}
