import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes } from "../bytes/bytes";
import { grown } from "../bytes/grown";
import { JsonText } from "./text";

/** The longest text, in bytes. */
export const MAX_TEXT: i32 = 8 << 20;

export const enum JsonType {
  Null,
  False,
  True,
  Number,
  String,
  Array,
  Object,
}

/** The numbers that describe a value. */
export const enum Part {
  /** A `JsonType`. */
  Type,
  /** Its offset in the source, and its end. */
  Start,
  End,
  /** The place of the text of a String or a Number, and its length. */
  Text,
  TextLength,
  /** The same for its name, if it is a member of an Object. */
  Name,
  NameLength,
  COUNT,
}
/** For an Array or Object, instead of its text: the number of the next value after its content. */
export const AFTER: Part = Part.Text;

/**
 * All values of a text, numbered in the order in which they begin. They are stored as plain integers, because a configuration
 * may have ten thousand small objects, each of which is used only once.
 */
@final
export class Values {
  count: i32 = 0;
  private parts: StaticArray<i32>;
  /** Texts that had escapes. The place of a text is its offset in the source, or the complement of its offset in here. */
  private readonly unescaped: ByteBuilder = new ByteBuilder(0, MAX_TEXT);

  constructor(readonly source: Bytes) {
    // Most values take at least 16 bytes, including their names.
    this.parts = new StaticArray<i32>((source.byteLength / 16 + 4) * Part.COUNT);
  }

  get(value: i32, part: Part): i32 {
    return this.parts[value * Part.COUNT + part];
  }

  set(value: i32, part: Part, number: i32): void {
    this.parts[value * Part.COUNT + part] = number;
  }

  /** Adds a value. @returns its number */
  add(type: JsonType, start: i32, end: i32): i32 {
    const value = this.count++;
    if (this.count * Part.COUNT > this.parts.length) {
      this.parts = grown(this.parts, this.parts.length * 2);
    }
    this.set(value, Part.Type, type);
    this.set(value, Part.Start, start);
    this.set(value, Part.End, end);
    return value;
  }

  /** The place of the text that the reader has just read. It is copied if it is not part of the source. */
  keep(text: JsonText): i32 {
    const offset = text.ptr - addressOf(this.source);
    if (offset < <usize>this.source.byteLength) return <i32>offset;
    const place = this.unescaped.length;
    this.unescaped.at(text.ptr, text.length);
    return ~place;
  }

  /** The address of a text, valid until the next one is kept. */
  addressAt(place: i32): usize {
    return place >= 0 ? addressOf(this.source) + place : this.unescaped.ptr + ~place;
  }

  /** The number of the next value after a value and its content. */
  after(value: i32): i32 {
    return this.get(value, Part.Type) >= JsonType.Array ? this.get(value, AFTER) : value + 1;
  }

  /** Whether the name of a member is `name`, in ASCII. */
  isNamed(value: i32, name: string): bool {
    const length = this.get(value, Part.NameLength);
    if (length != name.length) return false;
    const ptr = this.addressAt(this.get(value, Part.Name));
    for (let i = 0; i < length; ++i) {
      if (<i32>load<u8>(ptr + i) != name.charCodeAt(i)) return false;
    }
    return true;
  }
}
