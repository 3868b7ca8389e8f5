import { addressOf } from "../bytes/bytes";
import { grown } from "../bytes/grown";
import { Literal, MIN_INNER } from "./literal";

/** The number of bytes by which a literal is found; shorter literals are found by all of theirs. */
const GRAM: i32 = MIN_INNER;

/** The size of the head of an entry. */
const HEADER: u32 = 12;

/**
 * Finds which of many patterns a text may match, by the literals that their matches contain. Each literal is found by one of its
 * grams, four bytes, namely the one that finds the fewest other literals. A search looks up the four bytes at each position of the
 * text once, and compares the literals that they find as a whole. The first bytes of a text also find prefixes of less than four.
 *
 *     row     0 if empty, else  gram : 32 | place of an entry : 32
 *     entry   place of the next entry with that gram, or 0 : 32 | pattern : 32 |
 *             whether it is a prefix : 8 | offset of the gram : 8 | length : 16 | literal, padded to 4 bytes
 */
@final
export class Prefilter {
  private readonly rows: StaticArray<u64>;
  /** The entries, one after another; the first is not at 0. */
  private entries: StaticArray<u32> = new StaticArray<u32>(64);
  private end: u32 = 4;
  /** For each pattern whose literal may be found twice, the last search that has returned it. */
  private readonly returned: StaticArray<u32>;
  private search: u32 = 0;

  /** A bit for each length of prefixes that are shorter than a gram. */
  private shortPrefixes: i32 = 0;
  /** The largest offset of a gram in a prefix; `i32.MAX_VALUE` if some literal is not a prefix. */
  private furthest: i32 = -1;

  /** The text, and the offset of its next gram; a negative one stands for a short prefix of that length. */
  private text: usize = 0;
  private length: i32 = 0;
  private at: i32 = 0;
  /** The next entry to compare, or 0, and the offset at which its gram was found. */
  private entry: u32 = 0;
  private found: i32 = 0;

  /** @param capacity the most patterns; they are numbered from 0 */
  constructor(capacity: i32) {
    let rows = 8;
    while (rows < 2 * capacity) rows <<= 1;
    this.rows = new StaticArray<u64>(rows);
    this.returned = new StaticArray<u32>(capacity);
  }

  /** Adds the literal of pattern `id`. It must have at least one byte, and `MIN_INNER` unless it is a prefix. */
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

  /** Starts a search for patterns that the `length` bytes at `ptr` may match. They are borrowed until the last `next`. */
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

  /** The number of the next pattern that the text may match, in no particular order, or -1. */
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

  /** Moves to the next gram that finds an entry. @returns false if there is none */
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

  /** Whether the text has the literal of an entry around the gram. */
  private isHere(entry: usize): bool {
    const from = this.found - <i32>load<u8>(entry, 9);
    const length = <i32>load<u16>(entry, 10);
    if (from < 0 || from + length > this.length || (from > 0 && load<bool>(entry, 8))) return false;
    return memory.compare(this.text + from, entry + HEADER, length) == 0;
  }

  /** The row of a gram, or the empty row for it. */
  private rowOf(gram: u32): i32 {
    const mask = this.rows.length - 1;
    let row = (<i32>((<u64>gram * 0x9e3779b97f4a7c15) >> 40)) & mask;
    // At least half of the rows are empty, so the search ends; the mask keeps it in the array.
    for (; ; row = (row + 1) & mask) {
      const known = unchecked(this.rows[row]);
      if (known == 0 || <u32>(known >> 32) == gram) break;
    }
    return row;
  }

  /** The offset of the gram of a literal that finds the fewest others; the last one if there are several. */
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

  /** Makes room for an entry of `size` bytes, a multiple of four. @returns its place */
  private reserve(size: u32): u32 {
    const place = this.end;
    this.end += size;
    if (this.end > (<u32>this.entries.length) << 2) {
      this.entries = grown(this.entries, this.entries.length * 2);
    }
    return place;
  }
}

/** One to four bytes as a number, which includes their count if there are fewer than four. */
function gramAt(ptr: usize, size: i32): u32 {
  if (size == GRAM) return load<u32>(ptr);
  let gram: u32 = size << 24;
  for (let i = 0; i < size; ++i) gram |= (<u32>load<u8>(ptr + i)) << (8 * i);
  return gram;
}
