import { CalloutHandler } from "../abi/callouts";
import { nowNanoseconds } from "../abi/time";
import { Bytes } from "../bytes/bytes";
import { RedisClock } from "./clock";
import { Command } from "./command";
import { Failure } from "./failure";
import { Reply } from "./reply";
import { identity, uniqueNumber } from "./unique";

/**
 * A way to run scripts on a Redis, with EVALSHA and EVAL. No other commands are sent.
 *
 *     transport.send(EVALSHA, sha1, command, handler);    later, in handler.onReply: transport.receive(status, size)
 */
export abstract class Transport {
  /** The reply that `receive` has read; valid until its next call. */
  readonly reply: Reply = new Reply();
  readonly clock: RedisClock = new RedisClock();
  private readonly created: i64 = nowNanoseconds();

  /** @param timeoutMs how long a command may take before it fails */
  constructor(readonly timeoutMs: i64) {}

  /** A new number of 19 digits that is unique among everything sent to this Redis, by any sender. */
  newNumber(): i64 {
    return uniqueNumber(this.created);
  }

  /** 64 bits that, together with a number from `newNumber`, nothing else has. */
  get identity(): u64 {
    return identity();
  }

  /**
   * Sends a command.
   * @param verb EVALSHA or EVAL
   * @param script the SHA-1 of the script for EVALSHA, its text for EVAL
   * @returns None if the command was sent; `handler` is then called, possibly before this returns. Otherwise the reason, and
   * `handler` is not called
   */
  abstract send(verb: Bytes, script: Bytes, command: Command, handler: CalloutHandler): Failure;

  /**
   * Reads the reply for which `handler` was called, with the same arguments.
   * @returns None or ErrorReply if `reply` holds the reply
   */
  abstract receive(status: u32, size: u32): Failure;

  /**
   * Connects again after an authentication error, unless that was tried recently.
   * @returns whether the command should be sent again now
   */
  abstract reconnect(): bool;

  /** The name of the cluster, for logs. */
  abstract name(): string;
}
