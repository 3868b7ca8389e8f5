/** The address from which `readVarint` reads next. */
export let cursor: usize = 0;

export function moveTo(at: usize): void {
  cursor = at;
}

export function readByte(): i32 {
  return load<u8>(cursor++);
}

/** Reads an unsigned number of up to 32 bits in LEB128, the format of the generated tables. */
export function readVarint(): i32 {
  let byte = readByte();
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = readByte();
    value |= (byte & 0x7f) << shift;
  }
  return value;
}
