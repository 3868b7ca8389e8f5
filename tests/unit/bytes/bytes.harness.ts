import "../../../assembly/abi/abort";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { parseInteger } from "../../../assembly/bytes/decimal";
import { ByteTable } from "../../../assembly/bytes/table";
import { decodeRune, encodeRune, runeLength, textOf } from "../../../assembly/bytes/utf8";
import { bytesOf, endsWith, indexOf, lastIndexOf, slice, startsWith } from "../../../assembly/bytes/bytes";

export function integer(b: ArrayBuffer): i64 {
  return parseInteger(changetype<usize>(b), b.byteLength);
}

export function decimal(value: i64): string {
  return String.UTF8.decode(new ByteBuilder(1).decimal(value).toBytes());
}

/** "limit" bytes at most are kept; the result is what fitted, with "!" when something was left out. */
export function limited(limit: i32, parts: string[]): string {
  const builder = new ByteBuilder(1, limit);
  for (let i = 0; i < parts.length; ++i) builder.text(parts[i]);
  return String.UTF8.decode(builder.toBytes()) + (builder.overflowed ? "!" : "");
}

export function text(b: ArrayBuffer): string {
  return textOf(b);
}

/** Decodes the first code point: [code point, length]. */
export function rune(b: ArrayBuffer): i32[] {
  const ptr = changetype<usize>(b);
  const value = decodeRune(ptr, ptr + b.byteLength);
  return [value, runeLength];
}

export function encoded(value: i32): ArrayBuffer {
  const b = new ArrayBuffer(4);
  return slice(b, 0, encodeRune(changetype<usize>(b), value));
}

/** The values found for `queries` in a table built from `keys`, of which `expected` are, whose values are positions. */
export function lookup(keys: string[], queries: string[], expected: i32): i32[] {
  const table = new ByteTable(expected);
  for (let i = 0; i < keys.length; ++i) table.add(bytesOf(keys[i]), i);
  const found: i32[] = [];
  for (let i = 0; i < queries.length; ++i) {
    const query = bytesOf(queries[i]);
    found.push(table.find(changetype<usize>(query), query.byteLength));
  }
  return found;
}

/** [starts with, ends with, first index, last index] of the first byte of `part` in `whole`. */
export function search(whole: string, part: string): i32[] {
  const b = bytesOf(whole);
  const p = bytesOf(part);
  const byte = load<u8>(changetype<usize>(p));
  return [startsWith(b, p) ? 1 : 0, endsWith(b, p) ? 1 : 0, indexOf(b, byte), lastIndexOf(b, byte)];
}
