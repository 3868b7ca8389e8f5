import type { HeaderPair } from "../chain/header-map.ts";

/*
 * Header pairs on the wire (little endian):
 *
 *   ┌───────┬───────────────────────────┬──────────────────────────────────────────────┐
 *   │ count │ (name size, value size)*  │ (name bytes, NUL, value bytes, NUL)*         │
 *   │ u32   │ u32, u32 per pair         │ in the order of the sizes                    │
 *   └───────┴───────────────────────────┴──────────────────────────────────────────────┘
 */
const MAX_BYTES = 1024 * 1024;
const MAX_PAIRS = 1024;

/** Serialises header pairs; the empty list is four zero bytes. */
export function encodePairs(pairs: Iterable<HeaderPair>): Buffer {
  const encoded = [...pairs].map(([name, value]) => ({
    name: Buffer.from(name, "latin1"),
    value: Buffer.from(value, "latin1"),
  }));
  const bodySize = encoded.reduce((sum, { name, value }) => sum + name.length + value.length + 2, 0);
  const out = Buffer.alloc(4 + encoded.length * 8 + bodySize);
  out.writeUInt32LE(encoded.length, 0);
  let sizes = 4;
  let body = 4 + encoded.length * 8;
  for (const { name, value } of encoded) {
    sizes = out.writeUInt32LE(name.length, sizes);
    sizes = out.writeUInt32LE(value.length, sizes);
    body += name.copy(out, body) + 1;
    body += value.copy(out, body) + 1;
  }
  return out;
}

/**
 * Reads header pairs. Anything but a well-formed list (over 1 MiB, over 1024 pairs, a total length that does
 * not match exactly) is an empty list, without an error, as in the C++ host.
 */
export function decodePairs(bytes: Buffer): HeaderPair[] {
  if (bytes.length < 4 || bytes.length > MAX_BYTES) return [];
  const count = bytes.readUInt32LE(0);
  let position = 4 + count * 8;
  if (count > MAX_PAIRS || position > bytes.length) return [];

  const pairs: HeaderPair[] = [];
  const take = (size: number): string | null => {
    const end = position + size;
    if (end >= bytes.length || bytes[end] !== 0) return null;
    const text = bytes.toString("latin1", position, end);
    position = end + 1;
    return text;
  };
  for (let i = 0; i < count; i++) {
    const name = take(bytes.readUInt32LE(4 + i * 8));
    const value = take(bytes.readUInt32LE(8 + i * 8));
    if (name === null || value === null) return [];
    pairs.push([name, value]);
  }
  return position === bytes.length ? pairs : [];
}
