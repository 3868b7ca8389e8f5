import { Bytes } from "../bytes/bytes";
import { Reply } from "./reply";

/** Why a command has no usable reply. */
export const enum Failure {
  None,
  /** The proxy does not know the Redis cluster (yet). */
  UnknownCluster,
  /** The proxy could not send the command: no healthy host, or no connection. */
  NotSent,
  /** The connection failed, or no reply came in time. */
  Network,
  /** Redis wants a password, or refuses the one configured. */
  Authentication,
  /** Redis answered with an error. */
  ErrorReply,
  /** The reply is not what the command returns. */
  Malformed,
}

/** EVALSHA or EVAL with its arguments: no other commands are sent. Each transport writes it in its own form. */
@final
export class Command {
  constructor(
    readonly verb: Bytes,
    /** The script's SHA-1, or its text. */
    readonly script: Bytes,
    readonly keys: Bytes[],
    readonly args: i64[],
  ) {}

  /** Of all arguments, the verb and the number of keys included. */
  get length(): i32 {
    return 3 + this.keys.length + this.args.length;
  }
}

/** A command is written into at most so many bytes; one that is longer is not sent. */
export const MAX_COMMAND: i32 = 1 << 20;

/** Who gets the reply to a command. */
export abstract class ReplyHandler {
  /**
   * Called exactly once for a command that was sent.
   * @param reply null for `Network` and `Malformed`
   */
  abstract onReply(reply: Reply | null, failure: Failure): void;
}

/** A way to Redis. */
export abstract class Transport {
  /**
   * Sends a command.
   * @returns None when it is on its way and `handler` will hear of it, possibly before this returns; otherwise why
   * not, and `handler` is not called
   */
  abstract send(command: Command, handler: ReplyHandler): Failure;

  /**
   * Connects anew after an authentication error, unless that was tried a short while ago.
   * @returns whether it is worth sending the command again now
   */
  abstract reconnect(): bool;

  /** The name of the cluster, for logs. */
  abstract name(): string;
}
