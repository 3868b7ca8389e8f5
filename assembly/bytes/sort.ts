/**
 * Sorts a list in place: Shell sort, whose code is a fifth of that of `Array#sort`. Equal items may change places.
 * @param order below 0 if `a` comes before `b`, above 0 if it comes after it
 */
export function sort<T>(items: T[], order: (a: T, b: T) => i32): void {
  const length = items.length;
  let gap = 1;
  while (gap < length) gap = gap * 3 + 1;
  for (gap /= 3; gap > 0; gap /= 3) {
    for (let i = gap; i < length; ++i) {
      const item = items[i];
      let at = i;
      for (; at >= gap && order(items[at - gap], item) > 0; at -= gap) items[at] = items[at - gap];
      items[at] = item;
    }
  }
}
