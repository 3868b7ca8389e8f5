/** Writes `size` bytes in hexadecimal, in lower case: two digits for each byte at `from`. */
export function writeHex(to: usize, from: usize, size: i32): void {
  for (let i = 0; i < size; ++i) {
    const value = load<u8>(from + i);
    store<u8>(to + 2 * i, digit(value >> 4));
    store<u8>(to + 2 * i, digit(value & 15), 1);
  }
}

function digit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x61 - 10 + value;
}
