import { Demand } from "./demand";

/**
 * The row of a demand that had the smallest share of its limit left when its counters were read; the first of equals. Shadow rows
 * do not count.
 * @param unit only rows that count this; -1 for any
 * @returns -1 if there is no such row
 */
export function tightestOf(demand: Demand, unit: i32 = -1): i32 {
  let tightest = -1;
  let least = Infinity;
  for (let i = 0; i < demand.length; ++i) {
    const share = <f64>demand.remaining(i) / <f64>demand.capacity(i);
    if (share >= least || demand.isShadow(i) || (unit >= 0 && demand.unit(i) != unit)) continue;
    least = share;
    tightest = i;
  }
  return tightest;
}

/**
 * Whether the tightest limit has been used up to a given share, or beyond.
 * @param share of the limit, in ten-thousandths; with 0 the answer is always false
 */
export function hasUsed(demand: Demand, share: i64): bool {
  const row = share > 0 ? tightestOf(demand) : -1;
  if (row < 0) return false;
  const capacity = demand.capacity(row);
  return <f64>(capacity - demand.remaining(row)) * 10_000 >= <f64>capacity * <f64>share;
}
