import { COLON, LEFT_BRACE, RIGHT_BRACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf, indexOf } from "../bytes/bytes";

/**
 * The only place that spells Redis keys. They are those of the published plugin, so that counters carry over:
 *
 *   1.x   higress-token-ratelimit:<rule_name>:global_threshold:<window>
 *         higress-token-ratelimit:<rule_name>:<limit_by>:<window>:<name>:<value>
 *   2.x   the same with {<rule_name>}
 *
 * The braces are a Redis Cluster hash tag: keys with the same tag live in one slot, which a script that touches
 * several keys requires. Whatever is tagged therefore carries the 2.x name, whichever rule_mode is set.
 *
 * Parts are not escaped, as published: a name or value with a colon can coincide with another pair. Of a value longer
 * than `MAX_VALUE` bytes only the beginning is used: callers that differ behind that share a counter, rather than make
 * the command too long to be sent, which would let them pass.
 */
const PREFIX = bytesOf("higress-token-ratelimit:");
const GLOBAL = bytesOf("global_threshold");
const CHARGE = bytesOf(":charge:");

const MAX_VALUE = 4096;

const key = new ByteBuilder(256, 1 << 17);

/** The counter of a `global_threshold`; the window is in seconds. */
export function globalCounterKey(ruleName: Bytes, tagged: bool, window: i32): Bytes {
  begin(ruleName, tagged);
  return key.bytes(GLOBAL).byte(COLON).decimal(window).toBytes();
}

/**
 * The counter of one caller under a rule item.
 * @param limitBy the configuration field, e.g. `limit_by_per_header`
 * @param name what that field names, as written
 * @param value the caller's value
 */
export function ruleCounterKey(
  ruleName: Bytes,
  tagged: bool,
  limitBy: Bytes,
  window: i32,
  name: Bytes,
  value: Bytes,
): Bytes {
  begin(ruleName, tagged);
  key.bytes(limitBy).byte(COLON).decimal(window).byte(COLON).bytes(name).byte(COLON);
  key.at(addressOf(value), min(value.byteLength, MAX_VALUE));
  return key.toBytes();
}

function begin(ruleName: Bytes, tagged: bool): void {
  key.clear();
  key.bytes(PREFIX);
  if (tagged) key.byte(LEFT_BRACE);
  key.bytes(ruleName);
  if (tagged) key.byte(RIGHT_BRACE);
  key.byte(COLON);
}

/**
 * The key that marks a charge as made, so that repeating it changes nothing. It lives in the slot of `counter`, a
 * counter of that charge: behind the counter's own hash tag, or with the whole counter as its tag.
 * @param id tells this charge from all others
 * @returns null when no name leads to that slot, because the counter holds a `}` without being tagged
 */
export function markerKey(counter: Bytes, id: Bytes): Bytes | null {
  const open = indexOf(counter, LEFT_BRACE);
  const close = open < 0 ? -1 : indexOf(counter, RIGHT_BRACE, open + 1);
  const tagged = close > open + 1;
  if (!tagged && indexOf(counter, RIGHT_BRACE) >= 0) return null;
  key.clear();
  if (!tagged) key.byte(LEFT_BRACE);
  key.bytes(counter);
  if (!tagged) key.byte(RIGHT_BRACE);
  return key.bytes(CHARGE).bytes(id).toBytes();
}
