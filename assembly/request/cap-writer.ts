import { COLON, COMMA, LEFT_BRACE, QUOTE, RIGHT_BRACE, SPACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { Bytes } from "../bytes/bytes";
import { CapPlace, Limits, PlaceKind } from "./cap-places";
import { CapPlan } from "./cap-plan";

/*
 * Lowers the caps in a body that `OutputCaps` has read. Numbers are padded with blanks, which JSON allows before a value, so
 * that the body keeps its length as long as the new text is not longer. Nothing else in it changes.
 *
 * A cap is for one output, including all reasoning. A call that cannot have `leastCap` should be rejected instead. What the
 * caller states is only ever lowered.
 */

/** What is written in one place: two names of at most 30 bytes, a number, and a few signs. */
const text = new ByteBuilder(128, 128);

/** Whether anything in the body has to be changed for `cap`. */
export function changesFor(caps: CapPlan, cap: i64): bool {
  for (let i = 0; i < caps.places.count; ++i) {
    if (compose(caps, caps.places.at(i), cap)) return true;
  }
  return false;
}

/**
 * Appends to `out` what takes the place of the beginning of the body: the bytes up to the last change, with `cap` written in.
 * The body itself stays as it is.
 * @param body the body of `size` bytes that was read, in one piece
 * @param out is empty, and has room for the body and 16 additions of at most 100 bytes
 * @returns how many bytes of the body that replaces; 0 if the body has to stay as it is: nothing had to be changed, `canWrite`
 *   is false, this is not the body that was read, or `out` had no room
 */
export function copyWithCap(caps: CapPlan, body: usize, size: i32, cap: i64, out: ByteBuilder): i32 {
  if (!mayWrite(caps, size, cap)) return 0;
  let copied = 0;
  for (let i = 0; i < caps.places.count; ++i) {
    const place = caps.places.at(i);
    if (!compose(caps, place, cap)) continue;
    out.at(body + copied, place.offset - copied);
    for (let blanks = place.length - text.length; blanks > 0; --blanks) out.byte(SPACE);
    out.at(text.ptr, text.length);
    copied = place.offset + place.length;
  }
  return out.overflowed ? 0 : copied;
}

function mayWrite(caps: CapPlan, size: i32, cap: i64): bool {
  return caps.canWrite && cap >= 0 && caps.size == size;
}

/** Writes to `text` what a place gets. @returns false if it stays as it is */
function compose(caps: CapPlan, place: CapPlace, cap: i64): bool {
  const limit = limitOf(caps, place.limits, cap);
  const kind = place.kind;
  if (kind == PlaceKind.Null || (kind == PlaceKind.Integer && place.value <= limit)) return false;
  text.clear();
  if (kind <= PlaceKind.Unclear) {
    text.decimal(limit);
    return true;
  }
  const rule = caps.rule;
  const added = caps.added;
  if (rule === null || added === null) return false;
  const settings = rule.settings;
  if (kind == PlaceKind.Settings && settings !== null) name(settings.first);
  if (kind != PlaceKind.Member) text.byte(LEFT_BRACE);
  name(added.first);
  text.decimal(limit);
  if (kind != PlaceKind.Member) text.byte(RIGHT_BRACE);
  if (place.hasMembers) text.byte(COMMA);
  return true;
}

function name(spelling: Bytes): void {
  text.byte(QUOTE).bytes(spelling).byte(QUOTE).byte(COLON);
}

/** The largest number that may stand in a place. */
function limitOf(caps: CapPlan, limits: Limits, cap: i64): i64 {
  const output = outputOf(caps, cap);
  if (limits == Limits.Output) return output;
  return limits == Limits.SeparateThinking ? cap - output : max(output - 1, 0);
}

/** The part of the cap that is not for separate reasoning: at least half of it, unless the caller wants less. */
function outputOf(caps: CapPlan, cap: i64): i64 {
  const thinking = caps.separateThinking;
  if (thinking == 0) return cap;
  return min(caps.outputCap, max(cap - thinking, cap - cap / 2));
}
