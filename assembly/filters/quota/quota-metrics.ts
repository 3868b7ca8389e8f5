import { Cause, Decision, Outcome } from "../../ledger/decision";
import { Counter } from "../../telemetry/counter";
import { METRICS } from "./identity";

/** The metrics of this filter, in addition to those that all filters have. */
@final
export class QuotaMetrics {
  private readonly spent: Counter = new Counter(`${METRICS}denied_requests.spent`);
  private readonly missing: Counter = new Counter(`${METRICS}denied_requests.missing`);
  private readonly unknown: Counter = new Counter(`${METRICS}denied_requests.unknown`);
  private readonly changes: Counter = new Counter(`${METRICS}admin_changes`);
  private readonly refusals: Counter = new Counter(`${METRICS}admin_refusals`);

  /** A call that was denied: its balance is spent, or missing, or Redis could not be asked for it. */
  denied(decision: Decision): void {
    if (decision.outcome == Outcome.Unknown) this.unknown.add(1);
    else if (decision.cause == Cause.Missing) this.missing.add(1);
    else this.spent.add(1);
  }

  /** The administrator changes a balance. */
  change(): void {
    this.changes.add(1);
  }

  /** Somebody else has tried to read or change a balance. */
  refusedChange(): void {
    this.refusals.add(1);
  }
}
