import { getProperty } from "../abi/properties";
import { nowNanoseconds } from "../abi/time";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";

/** All numbers have 19 digits. */
const LEAST: i64 = 1_000_000_000_000_000_000;

/**
 * Properties that distinguish this VM from others that start at the same time. Connection ids are unique within a proxy, so
 * two workers cannot begin with the same one. VMs of one worker may see the same connection, but the names of their plugins
 * differ. Another host, or another start of the proxy, sees other requests with random ids from other addresses and, in a
 * mesh, has another node id.
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
 * A new number between 10^18 and 2^63-1. It is unique in this VM, which counts, and almost certainly among other VMs, which
 * count from other numbers; see `identity`.
 * @param created when the VM was configured, in nanoseconds
 */
export function uniqueNumber(created: i64): i64 {
  if (last == 0) begin(created);
  return ++last;
}

/**
 * 64 bits of this VM, valid after the first number. Together with a number, they are 126 unique bits. They are a hash of the
 * times at which the VM was configured and first used, in nanoseconds, and of the properties above at its first use. Two VMs
 * that agree in all of these would share the bits; no proxy is known to have two such VMs.
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
    // The size is hashed too, because it separates one value from the next.
    const size = value !== null ? value.byteLength : -1;
    low = scattered(low + <u64>size);
    if (value !== null) low = absorbed(low, value);
    high = scattered(high ^ low);
  }
  seedHigh = high;
  // The first number is one of 2^62, and about as many remain for counting.
  last = LEAST + <i64>(scattered(low) >> 2);
}

function absorbed(state: u64, value: Bytes): u64 {
  for (let i = 0; i < value.byteLength; ++i) state = scattered(state + load<u8>(addressOf(value) + i));
  return state;
}

/** Maps each number to a different one, each bit of which depends on every bit of `value`: a step of SplitMix64. */
function scattered(value: u64): u64 {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}
