import { ByteBuilder } from "../bytes/builder";
import { NOT_A_NUMBER } from "../bytes/decimal";
import { Command } from "../redis/command";
import { Reply, ReplyKind } from "../redis/reply";
import { Demand } from "./demand";

/* Arguments out, replies in: what a charge sends to the settle script of any algorithm, and what comes back. */

/**
 * Writes the keys and arguments of a settle script.
 * @param demand what to charge; not empty
 * @param marker the key that marks the charge as made
 * @param deadlineMs when Redis starts to refuse the charge, in milliseconds since the epoch by Redis' clock
 * @param amount what to add to each counter; 0 only leaves the marker
 */
export function writeSettle(
  command: Command,
  demand: Demand,
  marker: ByteBuilder,
  deadlineMs: i64,
  amount: i64,
): void {
  const count = demand.length;
  // A counter comes first: proxies that know nothing of slots send a script to where its first key is.
  command.key(demand.key(0), demand.keySize(0));
  command.key(marker.ptr, marker.length);
  for (let i = 1; i < count; ++i) command.key(demand.key(i), demand.keySize(i));
  command.number(demand.windowSeconds(0));
  command.number(deadlineMs);
  for (let i = 1; i < count; ++i) command.number(demand.windowSeconds(i));
  command.number(amount);
}

/** The result of a charge. */
export const enum Settlement {
  /** The amount was added to each counter. */
  Made,
  /** The marker existed, so an earlier attempt had made the charge. */
  MadeBefore,
  /** The deadline had passed by Redis' clock. Nothing was added. */
  TooLate,
  /** The amount could not be added to some counter. */
  Partly,
  /** This is not a reply of a settle script. */
  Unreadable,
}

/** Reads the reply of a settle script. @param demand the same as for `writeSettle` */
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

/** After Made: what the counter of a row holds. */
export function valueAfterSettle(reply: Reply, row: i32): i64 {
  return reply.numberAt(row + 1);
}
