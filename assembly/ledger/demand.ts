import { COLON } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { Bytes, copy, made } from "../bytes/bytes";
import { NOT_A_NUMBER } from "../bytes/decimal";
import { appendLetters, appendWindow, CounterKind, Unit, unitOf } from "./counter-kind";
import { Row, RowFlag } from "./row";

/** The most rows of a demand: the scripts are written for so many counters. */
const MAX_ROWS: i32 = 512;
/**
 * Bound on all keys of a request together, in bytes. Any command fits `MAX_COMMAND` then, with the text of its script and a
 * second key for each of these, even if each byte is sent as three.
 */
const MAX_KEYS: i32 = 256 << 10;
/** Bytes kept for reuse: of a demand's keys, and of the buffer that keys are written to. */
const KEPT_KEYS: i32 = 1 << 12;
/** Most requests have one or two counters... */
const FIRST_ROWS: i32 = 2;
/** ...and those with more than this do not keep the memory. */
const KEPT_ROWS: i32 = 16;
/** No window is longer than a year, in milliseconds, whatever Redis says. */
const LONGEST_MS: i64 = 366 * 86_400_000;
/** Room for the keys of most requests. */
const FIRST_KEYS: i32 = 96;

// Keys are written here, one request after the other, and kept with their request in as much memory as they need.
let draft = new ByteBuilder(KEPT_KEYS, MAX_KEYS);

/**
 * What one request asks for: the counters to check it against and later charge it to, one row each, in the order in which
 * limits are reported. Rows are numbered from 0; a number that is not below `length` must not be used.
 *
 *     demand.clear(); { append a key to demand.nextKey; demand.add(...) }; demand.keep()
 *
 * No other demand may be written between `clear` and `keep`, because keys are written to one buffer. Its owner reuses it.
 */
@final
export class Demand {
  length: i32 = 0;
  /** Whether rows or keys exceeded their bound. They are incomplete then, and must not be sent. */
  overflowed: bool = false;
  /** Whether all counters are plain strings, which the scripts for windows and balances can read. */
  isPlain: bool = true;
  /** The name of the rules that it comes from, if the limits of its rows are counted apart. */
  rule: Bytes | null = null;
  private isDraft: bool = false;
  private keys: StaticArray<u8> = new StaticArray<u8>(FIRST_KEYS);
  private rows: StaticArray<u8> = new StaticArray<u8>(FIRST_ROWS * offsetof<Row>());

  /** Starts a new request: no rows. */
  clear(): void {
    this.length = 0;
    this.overflowed = false;
    this.isPlain = this.isDraft = true;
    draft.clear();
  }

  /** Call this after the last `add`: copies the keys out of the buffer, so that other demands can be written. */
  keep(): void {
    this.isDraft = false;
    this.keepKeys(draft.ptr, this.endOf(this.length - 1));
    if (draft.length > KEPT_KEYS) {
      made(draft.length * 2);
      draft = new ByteBuilder(KEPT_KEYS, MAX_KEYS);
    }
  }

  private keepKeys(ptr: usize, size: i32): void {
    if (size > this.keys.length) {
      this.keys = new StaticArray<u8>(size);
      made(size);
    }
    copy(changetype<usize>(this.keys), ptr, size);
  }

  /** Becomes a copy of another demand, which has been kept and has not overflowed. */
  copyFrom(other: Demand): void {
    this.isDraft = this.overflowed = false;
    this.keepKeys(changetype<usize>(other.keys), other.endOf(other.length - 1));
    if (other.rows.length > this.rows.length) this.rows = new StaticArray<u8>(other.rows.length);
    memory.copy(changetype<usize>(this.rows), changetype<usize>(other.rows), other.rows.length);
    this.length = other.length;
    this.isPlain = other.isPlain;
    this.rule = other.rule;
  }

  /** Append the key of the next row here, then call `add`. */
  get nextKey(): ByteBuilder {
    return draft;
  }

  /**
   * Adds the row whose key has just been written. If a row has that key already, they become one, with the lower capacity,
   * so that a counter to which two rules lead is charged once. Above 512 rows, or 256 KiB of keys, nothing is added any more,
   * and `overflowed` is set.
   * @param windowSeconds the length of its window
   * @param capacity what a window allows, in its unit
   * @param item, limitKey the rule item it comes from, and which of its `limit_keys`; -1 for the global threshold
   * @param kind of the counter, which its key shows
   * @param detail of a bucket or of the calendar, see `Window`
   * @param flags how strictly it applies. Of two on one counter, one that denies nothing yields to one that does
   */
  add(
    windowSeconds: i32,
    capacity: i64,
    item: i32 = -1,
    limitKey: i32 = -1,
    kind: CounterKind = CounterKind.FixedWindow,
    detail: i64 = 0,
    flags: RowFlag = RowFlag.None,
  ): void {
    const begin = this.endOf(this.length - 1);
    if (draft.overflowed) this.overflowed = true;
    if (this.overflowed) return;
    const size = draft.length - begin;
    for (let i = 0; i < this.length; ++i) {
      if (this.keySize(i) != size || memory.compare(this.key(i), draft.ptr + begin, size) != 0) continue;
      const row = this.row(i);
      draft.length = begin;
      const isShadow = flags & RowFlag.Shadow;
      const wasShadow = row.flags & RowFlag.Shadow;
      row.flags = (row.flags | flags) & ~(isShadow ^ wasShadow);
      if (isShadow != wasShadow ? isShadow != 0 : row.capacity <= capacity) return;
      row.capacity = capacity;
      row.detail = detail;
      row.item = item;
      row.limitKey = limitKey;
      return;
    }
    if (this.length == MAX_ROWS) {
      this.overflowed = true;
      return;
    }
    if (<usize>(this.length + 1) * offsetof<Row>() > <usize>this.rows.length) this.grow();
    const row = this.row(this.length++);
    row.end = draft.length;
    row.windowSeconds = windowSeconds;
    row.capacity = capacity;
    row.detail = detail;
    row.kind = kind;
    row.flags = flags;
    row.item = item;
    row.limitKey = limitKey;
    row.used = row.held = 0;
    row.leftMs = -1;
    if (kind != CounterKind.FixedWindow) this.isPlain = false;
  }

  /** The address of a row's key, `keySize` bytes long; valid until the next `add`, `keep` or `clear`. */
  key(index: i32): usize {
    return (this.isDraft ? draft.ptr : changetype<usize>(this.keys)) + this.endOf(index - 1);
  }

  /** The length of a row's key, in bytes. */
  keySize(index: i32): i32 {
    return this.endOf(index) - this.endOf(index - 1);
  }

  /** The length of a row's window. */
  windowSeconds(index: i32): i32 {
    return this.row(index).windowSeconds;
  }

  /** What a window of a row allows, in its unit. */
  capacity(index: i32): i64 {
    return this.row(index).capacity;
  }

  kind(index: i32): CounterKind {
    return this.row(index).kind;
  }

  /** Whether a row may deny the request, and its calls. */
  isEnforced(index: i32): bool {
    return (this.row(index).flags & (RowFlag.Shadow | RowFlag.Waived)) == 0;
  }

  /** The first row that may deny the request; -1 if there is none. */
  get firstEnforced(): i32 {
    for (let i = 0; i < this.length; ++i) if (this.isEnforced(i)) return i;
    return -1;
  }

  /** Whether a row is counted, and denies nothing. */
  isShadow(index: i32): bool {
    return (this.row(index).flags & RowFlag.Shadow) != 0;
  }

  /** Whether a row has one of these flags. */
  hasFlag(flags: RowFlag): bool {
    for (let i = 0; i < this.length; ++i) if ((this.row(i).flags & flags) != 0) return true;
    return false;
  }

  /** Lets no row deny the request any more: it passes although a limit is exceeded. */
  waive(): void {
    for (let i = 0; i < this.length; ++i) this.row(i).flags |= RowFlag.Waived;
  }

  /** What a row counts. */
  unit(index: i32): Unit {
    return unitOf(this.row(index).kind);
  }

  /** The further number that the kind of a row needs; see `Window`. */
  detail(index: i32): i64 {
    return this.row(index).detail;
  }

  /**
   * Keeps what was read for a row.
   * @param value what its counter holds; NOT_A_NUMBER limits nobody, and counts as 0
   * @param leftMs how long the counter lives from now, or until it has room; negative if there is none, or it never expires
   */
  setReading(index: i32, value: i64, held: i64, leftMs: i64): void {
    const row = this.row(index);
    row.used = value == NOT_A_NUMBER ? 0 : value;
    row.held = held;
    row.leftMs = leftMs;
  }

  /** What a row's counter held when it was read last, to decide: tokens used, or of a balance those left. 0 if it never was. */
  used(index: i32): i64 {
    return this.row(index).used;
  }

  /** What was reserved on it at that time, for this request too; 0 if only plain counters were read. */
  held(index: i32): i64 {
    return this.row(index).held;
  }

  /** How long the counter had left at that time, or until it had room, in milliseconds; negative if there was none, or it never expires. */
  leftMs(index: i32): i64 {
    return this.row(index).leftMs;
  }

  /** The same, but the whole length of the window if it has not begun or does not end. */
  resetMs(index: i32): i64 {
    const row = this.row(index);
    return row.leftMs < 0 ? <i64>row.windowSeconds * 1000 : row.leftMs;
  }

  /** What was left of a row's limit then, not negative. */
  remaining(index: i32): i64 {
    const row = this.row(index);
    const used = max(row.used, 0);
    return used < row.capacity ? max(row.capacity - used - row.held, 0) : 0;
  }

  /** How long a row's window had left when it was read, in milliseconds; 0 if it has not begun, because nothing was used. */
  resetsInMs(index: i32): i64 {
    const row = this.row(index);
    return row.leftMs < 0 && row.used <= 0 ? 0 : min(this.resetMs(index), LONGEST_MS);
  }

  /** Appends what `lua/hold.lua` calls the kind of a row. */
  appendKind(out: ByteBuilder, index: i32): void {
    const row = this.row(index);
    if (row.kind == CounterKind.InFlight) return appendLetters(out, row.kind);
    appendWindow(out, row.kind, row.windowSeconds, row.detail);
    if ((row.kind & ~CounterKind.Requests) == CounterKind.TokenBucket) out.byte(COLON).decimal(row.detail);
  }

  /** The position of the rule item that a row comes from, or -1 for the global threshold. */
  item(index: i32): i32 {
    return this.row(index).item;
  }

  /** The position of its limit among the item's `limit_keys`, or -1. */
  limitKey(index: i32): i32 {
    return this.row(index).limitKey;
  }

  /** Memory that rows and keys take, in bytes, about. */
  get bytes(): i32 {
    return this.keys.length + 2 * this.rows.length;
  }

  /** Whether it took more memory than an idle ticket should keep. */
  get isLarge(): bool {
    return this.keys.length > KEPT_KEYS || this.length > KEPT_ROWS;
  }

  private endOf(index: i32): i32 {
    return index < 0 ? 0 : this.row(index).end;
  }

  private row(index: i32): Row {
    return changetype<Row>(changetype<usize>(this.rows) + <usize>index * offsetof<Row>());
  }

  private grow(): void {
    const rows = this.rows;
    this.rows = new StaticArray<u8>(rows.length * 2);
    memory.copy(changetype<usize>(this.rows), changetype<usize>(rows), rows.length);
  }
}
