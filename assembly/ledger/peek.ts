import { Command } from "../redis/command";
import { Link } from "../redis/link";
import { ScriptCall } from "../redis/script";
import { Failure } from "../redis/failure";
import { readPeek, writePeek } from "./algorithms/fixed-window";
import { Decision } from "./decision";
import { Demand } from "./demand";
import { PEEK } from "./lua/scripts";

/** Whoever asked. */
export interface PeekListener {
  /** The decision has been made, if only that nobody knows. Called once for each `begin`. */
  onPeeked(): void;
}

/** Reads the counters of a demand in one round trip, and decides. It belongs to a ticket, and is reused with it. */
@final
export class Peek extends ScriptCall {
  constructor(
    link: Link,
    private readonly demand: Demand,
    private readonly decision: Decision,
    private readonly listener: PeekListener,
  ) {
    super(link, PEEK);
  }

  /** Asks Redis. The listener is told, possibly before this returns. Only one question may be in flight. */
  begin(): void {
    this.run(this.demand.length);
  }

  protected write(command: Command): void {
    writePeek(command, this.demand);
  }

  protected onResult(failure: Failure): void {
    if (failure != Failure.None) {
      this.link.failed(failure);
      this.decision.unknown(failure);
    } else {
      this.read();
    }
    this.listener.onPeeked();
  }

  private read(): void {
    const link = this.link;
    link.breaker.works();
    const unreadable = readPeek(link.reply, this.demand, this.decision);
    if (unreadable != 0) link.misread();
    if (unreadable < 0) this.decision.unknown(Failure.Malformed);
  }
}
