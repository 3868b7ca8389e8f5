// A host that does what proxies do between the network and a filter, and the way a host is written when nobody counts
// nanoseconds: names are copied out and looked up as text, values are encoded when they are asked for, commands and
// body chunks are copied. Beside the lean host it shows how much of the filter's cost is left to see in such company.
import { BenchHost } from "./host.ts";
import type { Values } from "./values.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class PlainHost extends BenchHost {
  /** The command sent last. */
  command: Uint8Array = new Uint8Array();
  /** The request's body and the header that were changed last. */
  body: Uint8Array = new Uint8Array();
  header: [string, string] | null = null;

  protected override give(value: Uint8Array, ptrSlot: number, sizeSlot: number): number {
    const ptr = value.length === 0 ? 0 : this.allocate(value.length);
    if (ptr !== 0) new Uint8Array(this.guest.memory.buffer, ptr, value.length).set(value);
    this.giveNumber(ptrSlot, ptr);
    this.giveNumber(sizeSlot, value.length);
    return 0;
  }

  protected override giveValue(
    values: Values,
    name: number,
    nameSize: number,
    ptrSlot: number,
    sizeSlot: number,
  ): number {
    const value = values.entries[decoder.decode(this.copy(name, nameSize)).toLowerCase()];
    return value === undefined ? 1 : this.give(encoder.encode(value), ptrSlot, sizeSlot);
  }

  protected override giveLines(values: Values, ptrSlot: number, sizeSlot: number): number {
    let text = "";
    for (const name in values.entries) text += `${name}\0${values.entries[name]}\0`;
    const content = encoder.encode(text);
    const size = 4 + 8 * values.size;
    const ptr = this.allocate(size + content.length);
    new Uint8Array(this.guest.memory.buffer, ptr + size, content.length).set(content);
    const view = new DataView(this.guest.memory.buffer, ptr);
    view.setUint32(0, values.size, true);
    let at = 4;
    for (const name in values.entries) {
      // All are ASCII.
      view.setUint32(at, name.length, true);
      view.setUint32(at + 4, values.entries[name]!.length, true);
      at += 8;
    }
    this.giveNumber(ptrSlot, ptr);
    this.giveNumber(sizeSlot, size + content.length);
    return 0;
  }

  protected override giveNumber(slot: number, value: number): void {
    new DataView(this.guest.memory.buffer).setUint32(slot, value, true);
  }

  protected override bytesOf(type: number): Uint8Array {
    return super.bytesOf(type).slice();
  }

  protected override rewrite(replaced: number, ptr: number, size: number): void {
    const rest = this.requestBody.subarray(replaced);
    this.body = new Uint8Array(size + rest.length);
    this.body.set(this.copy(ptr, size));
    this.body.set(rest, size);
  }

  protected override setHeader(name: number, nameSize: number, value: number, valueSize: number): void {
    this.header = [decoder.decode(this.copy(name, nameSize)), decoder.decode(this.copy(value, valueSize))];
  }

  protected override send(query: number, size: number): void {
    this.command = this.copy(query, size);
  }

  private copy(ptr: number, size: number): Uint8Array {
    return new Uint8Array(this.guest.memory.buffer, ptr, size).slice();
  }
}
