import { addressOf, Bytes, bytesOf, EMPTY } from "../bytes/bytes";
import { NOT_A_NUMBER } from "../bytes/decimal";
import { Command } from "../redis/command";
import { Failure, failureName } from "../redis/failure";
import { Link } from "../redis/link";
import { Reply, ReplyKind } from "../redis/reply";
import { ScriptCall } from "../redis/script";
import { BALANCE_CHANGE } from "./lua/scripts";

/** What an administrator does with a balance. */
export const enum BalanceVerb {
  Get,
  Set,
  /** Adds the amount, which may be negative. */
  Add,
}

const NO_INTEGER = bytesOf("the balance is not an integer");
const VERBS: Bytes[] = [bytesOf("get"), bytesOf("set"), bytesOf("add")];

/** Who waits for a change. */
export interface BalanceListener {
  /** The change has been made, or has failed. Called once for each `begin`. */
  onChanged(change: BalanceChange): void;
}

/**
 * Reads, sets or changes one balance. A change whose reply is lost may have been made or not, and is not repeated: whoever
 * asked for it must look.
 */
@final
export class BalanceChange extends ScriptCall {
  /** After `onChanged`: what went wrong, which is the error from Redis or a text of our own; null if nothing did. */
  problem: Bytes | null = null;
  /** After `onChanged`, without a problem: the balance; 0 if there is none. */
  balance: i64 = 0;
  private key: Bytes = EMPTY;
  private verb: BalanceVerb = BalanceVerb.Get;
  private amount: i64 = 0;

  constructor(
    link: Link,
    private readonly listener: BalanceListener,
  ) {
    super(link);
  }

  /** Asks Redis, then calls the listener, possibly before this returns. @param amount in tokens; ignored by Get */
  begin(verb: BalanceVerb, key: Bytes, amount: i64): void {
    this.verb = verb;
    this.key = key;
    this.amount = amount;
    this.run(BALANCE_CHANGE, 1);
  }

  protected write(command: Command): void {
    command.key(addressOf(this.key), this.key.byteLength);
    command.text(VERBS[this.verb]);
    command.number(this.amount);
  }

  protected onResult(failure: Failure): void {
    const link = this.link;
    if (failure == Failure.None) link.breaker.works();
    else link.failed(failure);
    if (failure == Failure.None) this.read(link.reply);
    else this.problem = failure == Failure.ErrorReply ? link.reply.error : bytesOf(failureName(failure));
    this.listener.onChanged(this);
  }

  private read(reply: Reply): void {
    const isReply = reply.kind == ReplyKind.Array && reply.length == 1;
    if (isReply) this.balance = reply.kindAt(0) == ReplyKind.Null ? 0 : reply.numberAt(0);
    if (!isReply || this.balance == NOT_A_NUMBER) this.problem = NO_INTEGER;
  }
}
