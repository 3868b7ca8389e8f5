import { CalloutHandler } from "../abi/callouts";
import { nowNanoseconds } from "../abi/time";
import { Bytes } from "../bytes/bytes";
import { RedisClock } from "./clock";
import { Command } from "./command";
import { Failure } from "./failure";
import { Reply } from "./reply";
import { identity, uniqueNumber } from "./unique";

/**
 * A way to Redis for scripts, EVALSHA and EVAL; no other commands are sent.
 *
 *     transport.send(EVALSHA, sha1, command, handler);    later, in handler.onReply: transport.receive(status, size)
 */
export abstract class Transport {
  /** What `receive` has read; valid until it is called again. */
  readonly reply: Reply = new Reply();
  readonly clock: RedisClock = new RedisClock();
  private readonly created: i64 = nowNanoseconds();

  /** @param timeoutMs how long a command may take; then it has failed */
  constructor(readonly timeoutMs: i64) {}

  /** A new number of 19 digits, which nothing else has that is sent to this Redis, by whomever. */
  newNumber(): i64 {
    return uniqueNumber(this.created);
  }

  /** 64 bits that, together with any number that was told, nothing else has. */
  get identity(): u64 {
    return identity();
  }

  /**
   * Sends a command, in the form that the other side understands.
   * @param verb EVALSHA or EVAL
   * @param script its SHA-1, or its text
   * @returns None when it is on its way and `handler` will hear of it, possibly before this returns; otherwise why
   * not, and `handler` is not called
   */
  abstract send(verb: Bytes, script: Bytes, command: Command, handler: CalloutHandler): Failure;

  /**
   * Reads what `handler` has been called for, with the arguments that it was called with.
   * @returns None or ErrorReply when `reply` holds the reply
   */
  abstract receive(status: u32, size: u32): Failure;

  /**
   * Connects anew after an authentication error, unless that was tried a short while ago.
   * @returns whether it is worth sending the command again now
   */
  abstract reconnect(): bool;

  /** The name of the cluster, for logs. */
  abstract name(): string;
}
