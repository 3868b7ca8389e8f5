import { COLON, COMMA, LEFT_BRACE, QUOTE, RIGHT_BRACE, SPACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { Bytes } from "../bytes/bytes";
import { CapPlace, Limits, MAX_PLACES, PlaceKind } from "./cap-places";
import { CapPlan } from "./cap-plan";

/*
 * Lowers the caps in a body that `OutputCaps` has read. Numbers are padded with blanks, which JSON allows before a value, so
 * that the body keeps its length as long as the new text is not longer. Nothing else in it changes.
 *
 * A cap is for one output, including all reasoning. A call that cannot have `leastCap` should be rejected instead. What the
 * caller states is only ever lowered.
 */

/** The most bytes that are written in one place, and by which a body gets longer. */
const MAX_WRITTEN: i32 = 128;
export const MAX_GROWTH: i32 = MAX_PLACES * MAX_WRITTEN;

/** What is written in one place: two names of at most 30 bytes, a number, and a few signs. */
const text = new ByteBuilder(MAX_WRITTEN, MAX_WRITTEN);

/** How many bytes at the beginning of the body have to be replaced to write `cap` into it; 0 if none need be, or can be. */
export function replacedFor(caps: CapPlan, cap: i64): i32 {
  let replaced = 0;
  if (!caps.canWrite || cap < 0) return 0;
  for (let i = 0; i < caps.places.count; ++i) {
    const place = caps.places.at(i);
    if (compose(caps, place, cap)) replaced = place.offset + place.length;
  }
  return replaced;
}

/**
 * Writes to `out` what takes the place of the first `replacedFor` bytes of the body.
 * @param body that was read, in one piece
 * @param out has room for those bytes, and `MAX_GROWTH` more
 * @returns how many bytes were written
 */
export function copyWithCap(caps: CapPlan, body: usize, cap: i64, out: usize): i32 {
  let copied = 0;
  let to = out;
  for (let i = 0; i < caps.places.count; ++i) {
    const place = caps.places.at(i);
    if (!compose(caps, place, cap)) continue;
    const size = place.offset - copied;
    memory.copy(to, body + copied, size);
    to += size;
    for (let blanks = place.length - text.length; blanks > 0; --blanks) store<u8>(to++, SPACE);
    memory.copy(to, text.ptr, text.length);
    to += text.length;
    copied = place.offset + place.length;
  }
  return <i32>(to - out);
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
