import type { Diagnostic } from './diagnostic.ts';

const FARTHEST_EDIT = 3;

/** The candidate that a typing error most likely meant, if one is near enough to suggest. */
export function nearest(found: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.min(FARTHEST_EDIT, Math.ceil(found.length / 2));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - found.length) >= bestDistance) continue;
    const distance = editDistance(found, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** The question that a diagnostic asks, and the word that answers it. */
export function didYouMean(found: string, instead: string): Pick<Diagnostic, 'help' | 'meant'> {
  return { help: `Did you mean \`${instead}\`?`, meant: { found, instead } };
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: a.length + 1 }, (_, i) => i);
  for (let j = 1; j <= b.length; j++) {
    let diagonal = row[0]!;
    row[0] = j;
    for (let i = 1; i <= a.length; i++) {
      const above = row[i]!;
      row[i] = Math.min(above + 1, row[i - 1]! + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1));
      diagonal = above;
    }
  }
  return row[a.length]!;
}
