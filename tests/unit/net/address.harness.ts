import "../../../assembly/abi/abort";
import { addressOf, Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { parseAddress } from "../../../assembly/net/address";
import { Cidr, parseCidr } from "../../../assembly/net/cidr";
import { CidrTable } from "../../../assembly/net/cidr-table";

/** The canonical text of an address, or "invalid". */
export function canonical(b: ArrayBuffer, leadingZeros: bool): string {
  const address = parseAddress(addressOf(b), b.byteLength, leadingZeros);
  return address === null ? "invalid" : String.UTF8.decode(address.text());
}

/** A block as "first-last/bits of 128", or "invalid". */
export function block(b: ArrayBuffer): string {
  const cidr = parseCidr(b);
  if (cidr === null) return "invalid";
  const first = String.UTF8.decode(cidr.first.text());
  const last = String.UTF8.decode(cidr.last.text());
  return `${first}-${last}/${cidr.bits}`;
}

let table: CidrTable = new CidrTable([]);

/** Builds the table that `find` uses; returns which blocks can be reached. */
export function build(texts: string[]): bool[] {
  const blocks: Cidr[] = [];
  for (let i = 0; i < texts.length; ++i) blocks.push(parseCidr(bytesOf(texts[i]))!);
  table = new CidrTable(blocks);
  const marks = new StaticArray<bool>(texts.length);
  table.markReachable(marks);
  return marks.slice<bool[]>();
}

/** For each address, the position of the block that it finds. */
export function find(texts: string[]): i32[] {
  const found: i32[] = [];
  for (let i = 0; i < texts.length; ++i) {
    const b: Bytes = bytesOf(texts[i]);
    found.push(table.find(parseAddress(addressOf(b), b.byteLength)!));
  }
  return found;
}
