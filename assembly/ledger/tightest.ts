import { Demand } from "./demand";

/**
 * The row of a demand that had the smallest share of its limit left when it was read, the first of equals, of those that are no
 * shadows; -1 if there is none.
 * @param unit what it counts; -1 for anything
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

/** Whether so much of the tightest limit was used. @param share in ten-thousandths; 0 for never */
export function hasUsed(demand: Demand, share: i64): bool {
  const row = share > 0 ? tightestOf(demand) : -1;
  if (row < 0) return false;
  const capacity = demand.capacity(row);
  return <f64>(capacity - demand.remaining(row)) * 10_000 >= <f64>capacity * <f64>share;
}
