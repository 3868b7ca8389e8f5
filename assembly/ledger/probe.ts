import { Command } from "../redis/command";
import { Link } from "../redis/link";
import { ScriptCall } from "../redis/script";
import { Failure } from "../redis/failure";
import { Demand } from "./demand";
import { PEEK } from "./lua/scripts";

/** Who wants to know whether Redis answers. */
export interface ProbeListener {
  /** @param failure None when it does */
  onProbed(failure: Failure): void;
}

/**
 * Asks a Redis that did not answer whether it does again, by reading the first counter of what waits for it. A charge that
 * was surely not made would be one that may have been made, if that has no answer either.
 */
@final
export class Probe extends ScriptCall {
  /** Of which the first counter is read. */
  readonly demand: Demand = new Demand();
  /** Whether it is on its way. */
  isOut: bool = false;

  constructor(
    link: Link,
    private readonly listener: ProbeListener,
  ) {
    super(link, PEEK);
  }

  send(): void {
    this.isOut = true;
    this.run(1);
  }

  protected write(command: Command): void {
    command.key(this.demand.key(0), this.demand.keySize(0));
    command.number(this.demand.windowSeconds(0));
  }

  protected onResult(failure: Failure): void {
    this.isOut = false;
    this.listener.onProbed(failure);
  }
}
