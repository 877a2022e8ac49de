const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const QUOTED = String.raw`"(?:[\t !\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t\x20-\x7e\x80-\uffff])*"`;
const ID = String.raw`(?:\[[\da-fA-F:.]*\]|${TOKEN})(?::\d*)?`;
const INFO = new RegExp(String.raw`^(${ID})[ \t]*(?:;[ \t]*${TOKEN}=(?:${QUOTED}|${TOKEN})[ \t]*)*`);

/** The CDNs that a `cdn-loop` header names, in order; undefined where it cannot be read: cdn_loop/parser.cc (RFC 8586). */
export function cdnIdsOf(header: string): string[] | undefined {
  const ids: string[] = [];
  let rest = header.replace(/^[ \t]+/, '');
  while (rest !== '') {
    if (!rest.startsWith(',')) {
      const [whole, id] = INFO.exec(rest) ?? [];
      if (whole === undefined || id === undefined) return undefined;
      ids.push(id);
      rest = rest.slice(whole.length);
      if (rest !== '' && !rest.startsWith(',')) return undefined;
    }
    rest = rest.slice(1).replace(/^[ \t]+/, '');
  }
  return ids;
}
