import { ByteBuilder } from "../../bytes/builder";
import { Algorithm } from "../algorithm";
import { Cause, Decision } from "../decision";
import { Demand } from "../demand";
import { BALANCE_PEEK, SETTLE } from "../lua/scripts";

/** For how long an empty balance is taken for empty without being asked for again: an administrator may fill it at any time. */
const DENIES_FOR_SECONDS: i64 = 5;

/**
 * The balance: tokens that were paid for, from which each call takes what it has consumed. It never expires, and lies under the
 * published key as the published value, so both plugins may share it. In a demand, a row's window is 0, and its capacity is
 * what a balance that is missing begins with; 0 leaves it missing.
 */
@final
export class Balance extends Algorithm {
  constructor() {
    super(BALANCE_PEEK, SETTLE);
  }

  peekArgument(demand: Demand, row: i32): i64 {
    return demand.capacity(row);
  }

  /** As published, a request passes while anything is left. What is missing, or is no number, counts as nothing. */
  decide(demand: Demand, row: i32, exists: bool, decision: Decision): void {
    this.decideHold(demand, row, exists, 0, decision);
  }

  decideHold(demand: Demand, row: i32, exists: bool, asked: i64, decision: Decision): void {
    const free = demand.used(row) - demand.held(row);
    if (!exists) decision.spent(row, Cause.Missing, DENIES_FOR_SECONDS);
    else if (free <= 0 || free < asked) decision.spent(row, Cause.Spent, DENIES_FOR_SECONDS);
  }

  amount(tokens: i64): i64 {
    return -tokens;
  }

  deniesForSeconds(_demand: Demand, _row: i32, value: i64): i64 {
    return value > 0 ? 0 : DENIES_FOR_SECONDS;
  }

  excess(_demand: Demand, _row: i32, value: i64): i64 {
    return -value;
  }

  describe(line: ByteBuilder, _demand: Demand, _row: i32, value: i64): void {
    line.text("balance: ").decimal(value).text(" tokens");
  }
}
