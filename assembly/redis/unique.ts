import { getProperty } from "../abi/properties";
import { nowNanoseconds } from "../abi/time";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";

/** All numbers have 19 digits. */
const LEAST: i64 = 1_000_000_000_000_000_000;

/**
 * What tells this VM from others whose clocks read the same, besides the time. No two connections of a proxy have the same
 * id, so no two workers begin with the same one. VMs of one worker, which may see the same connection, differ in the rest of
 * their plugin's names. Another host or another start of the proxy has other requests, whose ids are random, from
 * other addresses, and in a mesh another node.
 */
const PROPERTIES: string[] = [
  "connection\0id",
  "request\0id",
  "source\0address",
  "plugin_vm_id",
  "plugin_name",
  "plugin_root_id",
  "node\0id",
  "xds\0node\0id",
];

let seedHigh: u64 = 0;
let last: i64 = 0;

/**
 * A number between 10^18 and 2^63-1 that was not told before, neither in this VM, which counts, nor, most surely, in
 * another, which counts from elsewhere: see `identity`.
 * @param created when the VM was configured, in nanoseconds
 */
export function uniqueNumber(created: i64): i64 {
  if (last == 0) begin(created);
  return ++last;
}

/**
 * 64 bits of this VM, once a number was told: together with a number, 126 bits that nothing else has. They are a hash of
 * when the VM was configured and first used, in nanoseconds, and of what tells it from others at its first use. Two VMs
 * for which all of that is the same would have the same; no proxy is known in which there are two.
 */
export function identity(): u64 {
  return seedHigh;
}

function begin(created: i64): void {
  let high = scattered(<u64>created);
  let low = scattered(high + <u64>nowNanoseconds());
  high = scattered(high ^ low);
  for (let i = 0; i < PROPERTIES.length; ++i) {
    const value = getProperty(bytesOf(PROPERTIES[i]));
    // Also where one ends and the next begins.
    const size = value !== null ? value.byteLength : -1;
    low = scattered(low + <u64>size);
    if (value !== null) low = absorbed(low, value);
    high = scattered(high ^ low);
  }
  seedHigh = high;
  // A quarter of 2^64 are left to begin with, and as many to count on.
  last = LEAST + <i64>(scattered(low) >> 2);
}

function absorbed(state: u64, value: Bytes): u64 {
  for (let i = 0; i < value.byteLength; ++i) state = scattered(state + load<u8>(addressOf(value) + i));
  return state;
}

/** A different number for each, of which every bit depends on every bit; the end of SplitMix64. */
function scattered(value: u64): u64 {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}
