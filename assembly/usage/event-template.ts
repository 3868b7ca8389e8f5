import { BACKSLASH, QUOTE } from "../bytes/ascii";
import { findTextEnd } from "../json/scan";
import { isSimpleEscape } from "../json/text";
import { Document } from "./document";
import { EventValue, findValues, valueAt, wholeNumberEnd } from "./event-values";

/** Longer events are not kept as a template. */
const MAX_BYTES: i32 = 1024;
/** Events with this many values are not kept either. */
const MAX_VALUES: i32 = 32;
/** After this many templates in a row that fit no event, none is kept any more. */
const MAX_UNUSED: i32 = 8;
/** `difference` if the compared event is shorter than the template, or has no valid value where one may vary. */
const NOWHERE: i32 = -1;

/**
 * Most events of a stream differ only in a piece of text, an id or a number. So the last event that was read becomes a
 * template if it held nothing of interest except text. The next event is compared with it, eight bytes at a time, and parsed
 * only if it does not fit. A value counts as varying once it has first differed.
 *
 * Parsing an event that fits would have the same result: names and structure are the same bytes, and the values that differ
 * are text, or strings and whole numbers that are not used. A varying string with a complex escape (`\\u`) never fits.
 *
 * Memory: about 2 KB from the first template on, unmanaged; `dispose` frees it.
 */
@final
@unmanaged
export class EventTemplate {
  private bytes: usize = 0;
  /** The size of the template, 0 if there is none. */
  private length: i32 = 0;
  private values: usize = 0;
  private count: i32 = 0;
  /** The offset in the template at which the last compared event differs, outside of varying values. */
  private difference: i32 = NOWHERE;
  /** How many templates have been kept since one last fitted. */
  private unused: i32 = 0;

  /** @param document reads the events, and gets the text of those that fit */
  constructor(private document: Document) {}

  dispose(): void {
    if (this.bytes != 0) heap.free(this.bytes);
    if (this.values != 0) heap.free(this.values);
    heap.free(changetype<usize>(this));
  }

  /** Starts a new stream. */
  begin(): void {
    this.length = 0;
    this.unused = 0;
  }

  /**
   * Compares the event whose data begins at `at`, and passes its text to the document if it fits.
   * @returns the address after the data; 0 if the event does not fit, or does not end before `end`
   */
  fit(at: usize, end: usize): usize {
    this.difference = this.length;
    if (this.length == 0) return 0;
    let behind = this.compare(at, end);
    while (behind == 0 && this.markVarying(this.difference)) behind = this.compare(at, end);
    if (behind == 0) return 0;
    this.unused = 0;
    for (let i = 0; i < this.count; ++i) {
      const value = valueAt(this.values, i);
      if (value.isText) this.document.passText(value.start, <i32>(value.end - value.start));
    }
    return behind;
  }

  /** Keeps the event from `ptr` to `end`, which did not fit and, when parsed, held nothing of interest except text. */
  keep(ptr: usize, end: usize): void {
    const length = <i32>(end - ptr);
    if (this.difference == NOWHERE || length > MAX_BYTES || this.unused == MAX_UNUSED) return;
    ++this.unused;
    if (this.bytes == 0) {
      this.bytes = heap.alloc(MAX_BYTES);
      this.values = heap.alloc(MAX_VALUES * offsetof<EventValue>());
    }
    this.count = findValues(ptr, end, this.values, MAX_VALUES, this.document);
    // There may be text after the last value that fits the table.
    this.length = this.count < MAX_VALUES ? length : 0;
    memory.copy(this.bytes, ptr, length);
  }

  private compare(at: usize, end: usize): usize {
    let from = 0;
    for (let i = 0; i <= this.count; ++i) {
      let to = this.length;
      if (i < this.count) {
        const value = valueAt(this.values, i);
        if (!value.varies) continue;
        to = value.from;
      }
      const same = countSame(this.bytes + from, at, min(to - from, <i32>(end - at)));
      at += same;
      if (same < to - from) {
        this.difference = at < end ? from + same : NOWHERE;
        return 0;
      }
      if (i < this.count) {
        const value = valueAt(this.values, i);
        if (!find(value, at, end)) {
          this.difference = NOWHERE;
          return 0;
        }
        at = value.end;
        from = value.to;
      }
    }
    // The JSON text is complete; the rest of the line does not matter.
    return at;
  }

  /** Marks the value at `offset` as varying. @returns false if there is none, or if it is already marked */
  private markVarying(offset: i32): bool {
    for (let i = 0; i < this.count; ++i) {
      const value = valueAt(this.values, i);
      if (value.from <= offset && offset <= value.to && !value.varies) {
        value.varies = true;
        return true;
      }
    }
    return false;
  }
}

/** Sets the addresses of `value` in the event if a value of its kind begins at `at`. @returns false if none does */
function find(value: EventValue, at: usize, end: usize): bool {
  value.start = at;
  if (value.isNumber) {
    value.end = wholeNumberEnd(at, end);
    return value.end > at;
  }
  let stop = findTextEnd(at, end);
  while (stop + 1 < end && load<u8>(stop) == BACKSLASH && isSimpleEscape(load<u8>(stop, 1))) {
    stop = findTextEnd(stop + 2, end);
  }
  value.end = stop;
  return stop < end && load<u8>(stop) == QUOTE;
}

/** The length of the common prefix of the `size` bytes at `a` and at `b`. */
function countSame(a: usize, b: usize, size: i32): i32 {
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const difference = load<u64>(a + i) ^ load<u64>(b + i);
    if (difference != 0) return i + <i32>(ctz(difference) >> 3);
  }
  while (i < size && load<u8>(a + i) == load<u8>(b + i)) ++i;
  return i;
}
