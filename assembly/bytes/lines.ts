import { CR, LF } from "./ascii";

const ONES: u64 = 0x0101010101010101;
const HIGHS: u64 = 0x8080808080808080;
const LFS: u64 = 0x0a0a0a0a0a0a0a0a;
const CRS: u64 = 0x0d0d0d0d0d0d0d0d;

/** The address of the first LF or CR at or after `at`, or `end`. Searches eight bytes at a time; see json/scan. */
export function findLineEnd(at: usize, end: usize): usize {
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    const lf = word ^ LFS;
    const cr = word ^ CRS;
    const found = (((lf - ONES) & ~lf) | ((cr - ONES) & ~cr)) & HIGHS;
    if (found != 0) return at + <usize>(ctz(found) >> 3);
  }
  for (; at < end; ++at) {
    const c = load<u8>(at);
    if (c == LF || c == CR) break;
  }
  return at;
}
