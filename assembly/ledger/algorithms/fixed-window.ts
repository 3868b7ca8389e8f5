import { ByteBuilder } from "../../bytes/builder";
import { NOT_A_NUMBER } from "../../bytes/decimal";
import { Command } from "../../redis/command";
import { Reply, ReplyKind } from "../../redis/reply";
import { Decision } from "../decision";
import { Demand } from "../demand";
import { isTraced, tracePeek } from "../trace";

/*
 * The fixed window, kept in Redis: a counter of tokens per limit, window and caller, which expires one window after its first
 * tokens were counted. The published plugin keeps the same keys, values and expiry, so both may run side by side on one Redis.
 *
 * Arguments out, replies in: what `lua/peek.lua` and `lua/settle.lua` are given, and what they answer.
 */

/** Writes the keys and arguments of peek.lua: the keys of all rows, then their windows in seconds. */
export function writePeek(command: Command, demand: Demand): void {
  const count = demand.length;
  for (let i = 0; i < count; ++i) command.key(demand.key(i), demand.keySize(i));
  for (let i = 0; i < count; ++i) command.number(demand.windowSeconds(i));
}

/**
 * Reads the reply of peek.lua, and decides. As published, a request is denied when a counter is above its limit, and still
 * admitted when it is equal. A counter that holds no number limits nobody.
 * @param demand the same as for `writePeek`
 * @param decision is overwritten, unless this returns -1
 * @returns how many counters could not be read; -1 if this is not a reply of peek.lua
 */
export function readPeek(reply: Reply, demand: Demand, decision: Decision): i32 {
  const count = demand.length;
  if (reply.kind != ReplyKind.Array || reply.length != 2 * count) return -1;
  const traced = isTraced();
  let unreadable = 0;
  decision.begin();
  for (let i = 0; i < count; ++i) {
    const tokens = reply.kindAt(2 * i) == ReplyKind.Null ? 0 : reply.numberAt(2 * i);
    const remainingMs = reply.numberAt(2 * i + 1);
    if (traced) tracePeek(demand, i, tokens, remainingMs);
    if (tokens == NOT_A_NUMBER) ++unreadable;
    else if (tokens > demand.capacity(i)) {
      // One that does not exist will live for a whole window.
      const leftMs = remainingMs < 0 ? <i64>demand.windowSeconds(i) * 1000 : remainingMs;
      decision.exceeded(i, demand.capacity(i), tokens, leftMs);
    }
  }
  return unreadable;
}

/**
 * Writes the keys and arguments of settle.lua.
 * @param demand what to charge; not empty
 * @param marker the key that marks the charge as made
 * @param deadlineMs when Redis starts to refuse the charge, in milliseconds since the epoch by Redis' clock
 * @param tokens what to add to each counter; 0 only leaves the marker
 */
export function writeSettle(
  command: Command,
  demand: Demand,
  marker: ByteBuilder,
  deadlineMs: i64,
  tokens: i64,
): void {
  const count = demand.length;
  // A counter comes first: proxies that know nothing of slots send a script to where its first key is.
  command.key(demand.key(0), demand.keySize(0));
  command.key(marker.ptr, marker.length);
  for (let i = 1; i < count; ++i) command.key(demand.key(i), demand.keySize(i));
  command.number(demand.windowSeconds(0));
  command.number(deadlineMs);
  for (let i = 1; i < count; ++i) command.number(demand.windowSeconds(i));
  command.number(tokens);
}

/** The result of a charge. */
export const enum Settlement {
  /** The tokens were added to each counter. */
  Made,
  /** The marker existed, so an earlier attempt had made the charge. */
  MadeBefore,
  /** The deadline had passed by Redis' clock. Nothing was added. */
  TooLate,
  /** The tokens could not be added to some counter. */
  Partly,
  /** This is not a reply of settle.lua. */
  Unreadable,
}

/** Reads the reply of settle.lua. @param demand the same as for `writeSettle` */
export function readSettle(reply: Reply, demand: Demand): Settlement {
  if (reply.kind != ReplyKind.Array) return Settlement.Unreadable;
  if (reply.length == 0) return Settlement.MadeBefore;
  if (reply.length == 1) return Settlement.TooLate;
  if (reply.length != demand.length + 1) return Settlement.Unreadable;
  for (let i = 0; i < demand.length; ++i) {
    if (reply.kindAt(i + 1) != ReplyKind.Integer) return Settlement.Partly;
  }
  return Settlement.Made;
}

/** After Made or Partly: the milliseconds left until the deadline; NOT_A_NUMBER if Redis does not say. */
export function leftUntilDeadlineMs(reply: Reply): i64 {
  return reply.kindAt(0) == ReplyKind.Integer ? reply.numberAt(0) : NOT_A_NUMBER;
}

/** After Made: the tokens that the counter of a row holds. */
export function tokensAfterSettle(reply: Reply, row: i32): i64 {
  return reply.numberAt(row + 1);
}
