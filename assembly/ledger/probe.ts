import { Command } from "../redis/command";
import { Link } from "../redis/link";
import { ScriptCall } from "../redis/script";
import { Failure } from "../redis/failure";
import { Algorithm } from "./algorithm";
import { Demand } from "./demand";

/** Whoever wants to know whether Redis answers. */
export interface ProbeListener {
  /** Called once for each `send`. @param failure None if Redis answers */
  onProbed(failure: Failure): void;
}

/**
 * Asks whether a Redis answers again, by reading the first counter of what waits for it. It does not send a waiting charge for
 * that: without an answer, a charge that was certainly not made would become one that may have been made.
 */
@final
export class Probe extends ScriptCall {
  /** The first row of this demand is read; at least one is needed. */
  readonly demand: Demand = new Demand();
  /** Whether a question is in flight. */
  isOut: bool = false;

  constructor(
    link: Link,
    private readonly algorithm: Algorithm,
    private readonly listener: ProbeListener,
  ) {
    super(link);
  }

  send(): void {
    this.isOut = true;
    this.run(this.algorithm.peekScript, 1);
  }

  protected write(command: Command): void {
    command.key(this.demand.key(0), this.demand.keySize(0));
    // For any algorithm: only read.
    command.number(0);
  }

  protected onResult(failure: Failure): void {
    this.isOut = false;
    this.listener.onProbed(failure);
  }
}
