import { ByteBuilder } from "../bytes/builder";
import { ScriptFamily } from "../redis/script-family";
import { Decision } from "./decision";
import { Demand } from "./demand";

/**
 * What the counters of a ledger mean: when they deny a request, and what a charge does to them. An algorithm has no state of its
 * own; the ledger is given one, and hands it to its tickets and its outbox.
 *
 * Its scripts have the same arguments and replies as `lua/peek.lua` and `lua/settle.lua`, except that the arguments of a peek may
 * mean something else. Everything else about a charge is the same for all algorithms: its marker, its deadline and its
 * repetitions (`settlement.ts`, `outbox.ts`).
 */
export abstract class Algorithm {
  constructor(
    /** Reads the counters of a demand. */
    readonly peekScript: ScriptFamily,
    /** Adds an amount to each of them, once. */
    readonly settleScript: ScriptFamily,
  ) {}

  /** The argument that the peek script is given for a row. */
  abstract peekArgument(demand: Demand, row: i32): i64;

  /**
   * Decides on one row of a demand, which has what was read.
   * @param exists whether there is such a counter
   * @param decision admits the request so far; records the denial if this row denies it
   */
  abstract decide(demand: Demand, row: i32, exists: bool, decision: Decision): void;

  /**
   * Decides on one row of a demand when at least one of its rows has no room for what was asked.
   * @param asked what must be free for the request to pass
   * The other parameters are those of `decide`.
   */
  abstract decideHold(demand: Demand, row: i32, exists: bool, asked: i64, decision: Decision): void;

  /** What to add to a counter for a call that has consumed `tokens`, weighted, not negative. */
  abstract amount(tokens: i64): i64;

  /** For how many seconds a counter with this value will deny requests, at most; 0 if it admits them. */
  abstract deniesForSeconds(demand: Demand, row: i32, value: i64): i64;

  /** By how many tokens a counter with this value exceeds its limit; 0 or less if it does not. */
  abstract excess(demand: Demand, row: i32, value: i64): i64;

  /** Appends, for the log, which counter a row means and what `value` says. Never its key, which has caller data. */
  abstract describe(line: ByteBuilder, demand: Demand, row: i32, value: i64): void;
}
