import { nowNanoseconds } from "../abi/time";

/** All numbers have 19 digits. */
const LEAST: i64 = 1_000_000_000_000_000_000;

let last: i64 = 0;

/**
 * A number between 10^18 and 2^63-1 that was not told before, neither in this VM, which counts, nor in another, which
 * counts from elsewhere: no two are configured and first used at the same nanoseconds.
 * @param created when the VM was configured, in nanoseconds
 */
export function uniqueNumber(created: i64): i64 {
  // A quarter of 2^64 are left to begin with, and as many to count on.
  if (last == 0) last = LEAST + <i64>(scattered(scattered(<u64>created) + <u64>nowNanoseconds()) >> 2);
  return ++last;
}

/** A different number for each, of which every bit depends on every bit; the end of SplitMix64. */
function scattered(value: u64): u64 {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}
