import { Counters } from "../../ledger/counters";
import { PEEK } from "../../ledger/lua/scripts";
import { Command } from "../../redis/command";
import { ScriptCall } from "../../redis/script";
import { Failure, Transport } from "../../redis/transport";

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
  /** Of which the first is read. */
  readonly counters: Counters = new Counters();
  /** Whether it is on its way. */
  isOut: bool = false;

  constructor(
    transport: Transport,
    private readonly listener: ProbeListener,
  ) {
    super(transport, PEEK);
  }

  send(): void {
    this.isOut = true;
    const failure = this.start(1);
    if (failure != Failure.None) this.onResult(failure);
  }

  protected write(command: Command): void {
    const counters = this.counters;
    command.key(counters.key(0), counters.keySize(0));
    command.number(counters.window(0));
  }

  protected onResult(failure: Failure): void {
    this.isOut = false;
    this.listener.onProbed(failure);
  }
}
