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

/** Writes what peek.lua is given. */
export function writePeek(command: Command, demand: Demand): void {
  const count = demand.length;
  for (let i = 0; i < count; ++i) command.key(demand.key(i), demand.keySize(i));
  for (let i = 0; i < count; ++i) command.number(demand.windowSeconds(i));
}

/**
 * Reads what peek.lua has answered: decides about the demand. A request is denied when a counter is above its limit, and
 * still let through when it is equal, as published. A counter that holds no number limits nobody.
 * @returns how many counters could not be read; -1 if the reply is none of that script
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
 * Writes what settle.lua is given.
 * @param marker the key that marks the charge as made
 * @param deadlineMs from when on Redis refuses it, by Redis' clock
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

/** What became of a charge. */
export const enum Settlement {
  /** Each counter has been added to. */
  Made,
  /** The marker was there: an earlier attempt has made it. */
  MadeBefore,
  /** Its deadline has passed by Redis' clock, and nothing was done. */
  TooLate,
  /** Some counter could not be added to. */
  Partly,
  /** The reply is none of that script. */
  Unreadable,
}

/** Reads what settle.lua has answered. */
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

/** What a charge that was made, or made in part, has left until its deadline, in milliseconds; NOT_A_NUMBER if it is not told. */
export function leftUntilDeadlineMs(reply: Reply): i64 {
  return reply.kindAt(0) == ReplyKind.Integer ? reply.numberAt(0) : NOT_A_NUMBER;
}

/** What a counter holds after a charge that was made. */
export function tokensAfterSettle(reply: Reply, row: i32): i64 {
  return reply.numberAt(row + 1);
}
