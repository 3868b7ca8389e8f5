import { COLON, LEFT_BRACE, RIGHT_BRACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf } from "../bytes/bytes";
import { appendWindow } from "./counter-kind";
import { Window } from "./limit";

/**
 * The only place that spells the keys of counters. They are those of the published plugin, so that counters carry over:
 *
 *   1.x   higress-token-ratelimit:<rule_name>:global_threshold:<window>
 *         higress-token-ratelimit:<rule_name>:<limit_by>:<window>:<name>:<value>
 *   2.x   the same with {<rule_name>}
 *
 * A rule with `match`, which the published plugin lacks, has `match` for <limit_by>, a hash of its conditions for <name>, and for
 * <value> all values that it splits by, each with its length in front.
 *
 * The braces are a Redis Cluster hash tag: keys with the same tag live in one slot, which a script that touches
 * several keys requires. Whatever is tagged therefore carries the 2.x name, whichever rule_mode is set.
 *
 * Parts are not escaped, as published: a name or value with a colon can coincide with another pair.
 */
const PREFIX = bytesOf("higress-token-ratelimit:");
const GLOBAL = bytesOf("global_threshold");

/** Writes a counter of a `global_threshold`. */
export function appendGlobalCounterKey(
  out: ByteBuilder,
  ruleName: Bytes,
  tagged: bool,
  window: Window,
): void {
  begin(out, ruleName, tagged);
  out.bytes(GLOBAL).byte(COLON);
  appendWindow(out, window.kind, window.seconds, window.detail);
}

/**
 * Writes the counter of one caller under a rule item.
 * @param limitBy the configuration field, e.g. `limit_by_per_header`
 * @param name what that field names, as written
 * @param caller what stands for the caller's value, see `callerText`
 */
export function appendRuleCounterKey(
  out: ByteBuilder,
  ruleName: Bytes,
  tagged: bool,
  limitBy: Bytes,
  window: Window,
  name: Bytes,
  caller: Bytes,
): void {
  begin(out, ruleName, tagged);
  out.bytes(limitBy).byte(COLON);
  appendWindow(out, window.kind, window.seconds, window.detail);
  out.byte(COLON).bytes(name).byte(COLON).bytes(caller);
}

function begin(out: ByteBuilder, ruleName: Bytes, tagged: bool): void {
  out.bytes(PREFIX);
  if (tagged) out.byte(LEFT_BRACE);
  out.bytes(ruleName);
  if (tagged) out.byte(RIGHT_BRACE);
  out.byte(COLON);
}
