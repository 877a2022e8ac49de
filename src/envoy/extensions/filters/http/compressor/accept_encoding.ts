/** How the client's accept-encoding was judged, by the name of its counter: compressor_filter.cc, chooseEncoding. */
export type Choice =
  | 'no_accept_header'
  | 'header_identity'
  | 'header_wildcard'
  | 'header_compressor_used'
  | 'header_compressor_overshadowed'
  | 'header_not_valid';

/** What the client takes, if this compressor may be used for the type of content at all. */
export function chooseEncoding(header: string | undefined, encoding: string, isTypeAllowed: boolean): Choice {
  if (header === undefined) return 'no_accept_header';
  const tokens = tokensOf(header);
  // Who refuses the one encoding that there is leaves nothing to choose from.
  if (tokens.some(({ name, quality }) => name === encoding && !(quality > 0))) return 'header_not_valid';
  const known = new Set(['identity', '*', ...(isTypeAllowed ? [encoding] : [])]);
  const [first, ...others] = tokens.filter(({ name, quality }) => quality > 0 && known.has(name));
  if (!first) return 'header_not_valid';
  const best = others.reduce((now, one) => (one.quality > now.quality ? one : now), first);
  if (best.name === 'identity') return 'header_identity';
  if (best.name !== '*') return 'header_compressor_used';
  return isTypeAllowed ? 'header_wildcard' : 'header_not_valid';
}

const tokensOf = (header: string): { name: string; quality: number }[] =>
  header.split(',').flatMap((token) => {
    const [name = '', ...parameters] = token.split(';').map((one) => one.trim().toLowerCase());
    const q = parameters.find((one) => one.startsWith('q='))?.slice(2);
    return name === '' ? [] : [{ name, quality: q === undefined ? 1 : Number(q) }];
  });
