import { NOT_A_NUMBER } from "../bytes/decimal";
import { Command } from "../redis/command";
import { Link } from "../redis/link";
import { ScriptCall } from "../redis/script";
import { Failure } from "../redis/failure";
import { Reply, ReplyKind } from "../redis/reply";
import { Algorithm } from "./algorithm";
import { Decision } from "./decision";
import { Demand } from "./demand";
import { isTraced, tracePeek } from "./trace";

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
    private readonly algorithm: Algorithm,
    private readonly demand: Demand,
    private readonly decision: Decision,
    private readonly listener: PeekListener,
  ) {
    super(link);
  }

  /** Asks Redis. The listener is told, possibly before this returns. Only one question may be in flight. */
  begin(): void {
    this.run(this.algorithm.peekScript, this.demand.length);
  }

  protected write(command: Command): void {
    const demand = this.demand;
    for (let i = 0; i < demand.length; ++i) command.key(demand.key(i), demand.keySize(i));
    for (let i = 0; i < demand.length; ++i) command.number(this.algorithm.peekArgument(demand, i));
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
    const reply = link.reply;
    link.breaker.works();
    const unreadable = readPeek(reply, this.algorithm, this.demand, this.decision);
    if (unreadable != 0) link.misread();
    if (unreadable < 0) this.decision.unknown(Failure.Malformed);
  }
}

/**
 * Reads the reply of a peek script into the demand, and decides.
 * @param reply two elements for each row: what its counter holds, or null, then the milliseconds that it has left
 * @param demand what was asked for
 * @param decision is overwritten, unless this returns -1
 * @returns how many counters hold no number; -1 if this is not a reply of a peek script
 */
export function readPeek(reply: Reply, algorithm: Algorithm, demand: Demand, decision: Decision): i32 {
  const count = demand.length;
  if (reply.kind != ReplyKind.Array || reply.length != 2 * count) return -1;
  const traced = isTraced();
  let unreadable = 0;
  decision.begin();
  for (let i = 0; i < count; ++i) {
    const exists = reply.kindAt(2 * i) != ReplyKind.Null;
    const value = exists ? reply.numberAt(2 * i) : 0;
    const remainingMs = reply.numberAt(2 * i + 1);
    if (traced) tracePeek(algorithm, demand, i, value, remainingMs);
    if (value == NOT_A_NUMBER) ++unreadable;
    demand.setReading(i, value, 0, remainingMs);
    algorithm.decide(demand, i, exists, decision);
  }
  return unreadable;
}
