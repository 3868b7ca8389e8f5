import { addressOf } from "../bytes/bytes";
import { grown } from "../bytes/grown";
import { Literal, MIN_INNER } from "./literal";

/** How many bytes of a literal it is found by, if it has as many. */
const GRAM: i32 = MIN_INNER;

/** What stands before the bytes of an entry. */
const HEADER: u32 = 12;

/**
 * Which of many patterns a text may match, by the literals that their matches contain. Each is found by four of its
 * bytes, those that the fewest others are found by; the text is looked through once, four bytes at each place, and what
 * is found is compared as a whole. The first bytes of a text also find prefixes of less than four.
 *
 *     row     0 if empty, else  gram : 32 | place of an entry : 32
 *     entry   place of the next entry with that gram, or 0 : 32 | pattern : 32 |
 *             whether it is a prefix : 8 | offset of the gram : 8 | length : 16 | literal, padded to 4 bytes
 */
@final
export class Prefilter {
  private readonly rows: StaticArray<u64>;
  /** The entries, one after the other; the first is not at 0. */
  private entries: StaticArray<u32> = new StaticArray<u32>(64);
  private end: u32 = 4;
  /** For each pattern the last search that has returned it, if its literal may be found twice. */
  private readonly returned: StaticArray<u32>;
  private search: u32 = 0;

  /** A bit for each length of prefixes of less than a gram. */
  private shortPrefixes: i32 = 0;
  /** The most bytes before a gram in a prefix, or `i32.MAX_VALUE` if there is a literal that is none. */
  private furthest: i32 = -1;

  /** The text, and where the next gram begins in it; a negative one is a short prefix of that length. */
  private text: usize = 0;
  private length: i32 = 0;
  private at: i32 = 0;
  /** The next entry to compare, or 0, and where its gram was found. */
  private entry: u32 = 0;
  private found: i32 = 0;

  /** @param capacity how many patterns there may be; they are numbered from 0 */
  constructor(capacity: i32) {
    let rows = 8;
    while (rows < 2 * capacity) rows <<= 1;
    this.rows = new StaticArray<u64>(rows);
    this.returned = new StaticArray<u32>(capacity);
  }

  /** Adds the literal of pattern `id`, which has at least one byte, and `MIN_INNER` unless it is a prefix. */
  add(id: i32, literal: Literal): void {
    const ptr = addressOf(literal.bytes);
    const length = literal.bytes.byteLength;
    const offset = length < GRAM ? 0 : this.rarest(ptr, length);
    if (length < GRAM) this.shortPrefixes |= 1 << length;
    else this.furthest = literal.isPrefix ? max(this.furthest, offset) : i32.MAX_VALUE;

    const gram = gramAt(ptr + offset, min(length, GRAM));
    const row = this.rowOf(gram);
    const place = this.reserve(HEADER + ((length + 3) & ~3));
    const entry = changetype<usize>(this.entries) + place;
    store<u32>(entry, <u32>this.rows[row]);
    store<i32>(entry, id, 4);
    store<bool>(entry, literal.isPrefix, 8);
    store<u8>(entry, <u8>offset, 9);
    store<u16>(entry, <u16>length, 10);
    memory.copy(entry + HEADER, ptr, length);
    this.rows[row] = ((<u64>gram) << 32) | place;
  }

  /** Begins to look for the patterns that the `length` bytes at `ptr`, borrowed until the last `next`, may match. */
  begin(ptr: usize, length: i32): void {
    this.text = ptr;
    this.length = length;
    this.at = 1 - GRAM;
    this.entry = 0;
    if (++this.search == 0) {
      memory.fill(changetype<usize>(this.returned), 0, (<usize>this.returned.length) << 2);
      this.search = 1;
    }
  }

  /** The number of another pattern that the text may match, in no order, or -1. */
  next(): i32 {
    while (this.entry != 0 || this.advance()) {
      const entry = changetype<usize>(this.entries) + this.entry;
      this.entry = load<u32>(entry);
      if (!this.isHere(entry)) continue;
      const id = load<i32>(entry, 4);
      if (load<bool>(entry, 8)) return id;
      if (this.returned[id] == this.search) continue;
      this.returned[id] = this.search;
      return id;
    }
    return -1;
  }

  /** Goes on to the next gram that finds an entry. */
  private advance(): bool {
    for (; this.at < 0; ++this.at) {
      const size = -this.at;
      if (((this.shortPrefixes >> size) & 1) == 0 || size > this.length) continue;
      if (this.look(gramAt(this.text, size), 0)) {
        ++this.at;
        return true;
      }
    }
    const last = min(this.length - GRAM, this.furthest);
    for (let at = this.at; at <= last; ++at) {
      if (this.look(load<u32>(this.text + at), at)) {
        this.at = at + 1;
        return true;
      }
    }
    this.at = i32.MAX_VALUE;
    return false;
  }

  private look(gram: u32, at: i32): bool {
    this.found = at;
    this.entry = <u32>this.rows[this.rowOf(gram)];
    return this.entry != 0;
  }

  /** Whether the text has the literal of an entry around its gram. */
  private isHere(entry: usize): bool {
    const from = this.found - <i32>load<u8>(entry, 9);
    const length = <i32>load<u16>(entry, 10);
    if (from < 0 || from + length > this.length || (from > 0 && load<bool>(entry, 8))) return false;
    return memory.compare(this.text + from, entry + HEADER, length) == 0;
  }

  /** The row of a gram, or the empty one where it belongs. */
  private rowOf(gram: u32): i32 {
    const mask = this.rows.length - 1;
    let row = (<i32>((<u64>gram * 0x9e3779b97f4a7c15) >> 40)) & mask;
    // Half of the rows are empty, so the search ends; the mask keeps it in the array.
    for (; ; row = (row + 1) & mask) {
      const known = unchecked(this.rows[row]);
      if (known == 0 || <u32>(known >> 32) == gram) break;
    }
    return row;
  }

  /** The offset of the last of those grams of a literal by which the fewest others are found. */
  private rarest(ptr: usize, length: i32): i32 {
    let best = 0;
    let fewest = i32.MAX_VALUE;
    for (let offset = length - GRAM; offset >= 0 && fewest > 0; --offset) {
      let count = 0;
      let entry = <u32>this.rows[this.rowOf(load<u32>(ptr + offset))];
      for (; entry != 0 && count < fewest; ++count)
        entry = load<u32>(changetype<usize>(this.entries) + entry);
      if (count < fewest) {
        fewest = count;
        best = offset;
      }
    }
    return best;
  }

  /** Makes room for an entry, of a multiple of four bytes, and returns its place. */
  private reserve(size: u32): u32 {
    const place = this.end;
    this.end += size;
    if (this.end > (<u32>this.entries.length) << 2) {
      this.entries = grown(this.entries, this.entries.length * 2);
    }
    return place;
  }
}

/** One to four bytes as a number; if they are less than four, with their count. */
function gramAt(ptr: usize, size: i32): u32 {
  if (size == GRAM) return load<u32>(ptr);
  let gram: u32 = size << 24;
  for (let i = 0; i < size; ++i) gram |= (<u32>load<u8>(ptr + i)) << (8 * i);
  return gram;
}
