/*
 * Where long texts are looked at. The sender of a text must not know the places, or it would put cheap text there; so they come
 * from a number that is not sent anywhere. It needs no more than that: whoever guesses one place right in a hundred
 * gains nothing.
 */
let state: u64 = 0;

/** Starts from something that callers do not know, such as the nanoseconds at which a configuration came. */
export function seedPlaces(secret: u64): void {
  state = scattered(secret);
}

/** A number for the places in another text. */
export function placesForText(): u64 {
  state += 0x9e3779b97f4a7c15;
  return scattered(state);
}

/** The number after `value`, of which every bit depends on every bit: SplitMix64 (G. Steele and others, 2014). */
export function scattered(value: u64): u64 {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}
