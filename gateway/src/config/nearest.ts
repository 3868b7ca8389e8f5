/**
 * The one of `known` that `name` was probably meant to be; `undefined` if none is near. Case does not count, and about every
 * third letter may be wrong, missing, too many, or swapped with its neighbour (optimal string alignment distance).
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  if (wanted.length === 0 || wanted.length > 40) return undefined;
  const distances = known.map((candidate) => distance(wanted, candidate.toLowerCase()));
  const best = Math.min(...distances);
  return best <= Math.floor(wanted.length / 3) ? known[distances.indexOf(best)] : undefined;
}

function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let j = 1; j <= b.length; ++j) rows[0]?.push(j);
  for (let i = 1; i <= a.length; ++i) {
    for (let j = 1; j <= b.length; ++j) {
      const differ = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j - 1) + differ, at(i - 1, j) + 1, at(i, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, at(i - 2, j - 2) + 1);
      rows[i]?.push(best);
    }
  }
  return at(a.length, b.length);
}
