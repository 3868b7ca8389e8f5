/*
 * Where samples of long texts are taken. A sender who knew the places would put cheap text there, so they depend on a number
 * that never leaves the filter. Nothing stronger is needed: guessing one place in a hundred gains a sender nothing.
 */
let state: u64 = 0;

/** Starts from a number that callers do not know, such as the time at which a configuration arrived, in nanoseconds. */
export function seedPlaces(secret: u64): void {
  state = scattered(secret);
}

/** A number for the places in the next text. */
export function placesForText(): u64 {
  state += 0x9e3779b97f4a7c15;
  return scattered(state);
}

/** The number after `value`; each of its bits depends on every bit of `value`. SplitMix64 (G. Steele and others, 2014). */
// @ts-ignore: decorator
@inline
export function scattered(value: u64): u64 {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}
