/**
 * The known word that a misspelt one most likely means; undefined when none is near.
 * @param mistakes as many letters may be wrong
 */
export function nearest(
  word: string,
  known: readonly string[],
  mistakes: number = Math.max(1, Math.floor(word.length / 3)),
): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= mistakes ? best.candidate : undefined;
}

/** Levenshtein's: how many letters to insert, leave out or change. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, change));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
