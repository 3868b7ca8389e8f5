import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf, startsWith } from "../bytes/bytes";
import { argument, beginCommand, numberArgument } from "./resp";
import { Reply, ReplyKind } from "./reply";
import { Failure, ReplyHandler, Transport } from "./transport";

const EVALSHA = bytesOf("EVALSHA");
const EVAL = bytesOf("EVAL");
const NOSCRIPT = bytesOf("NOSCRIPT");
const NOAUTH = bytesOf("NOAUTH");
const WRONGPASS = bytesOf("WRONGPASS");

/** A Lua script: its text, and the SHA-1 of that text in lower-case hexadecimal, by which Redis caches it. */
@final
export class Script {
  readonly text: Bytes;
  readonly sha1: Bytes;

  constructor(text: string, sha1: string) {
    this.text = bytesOf(text);
    this.sha1 = bytesOf(sha1);
  }
}

// Commands are written into one buffer, because the host copies them during the call.
const command = new ByteBuilder(1024, 1 << 20);

/**
 * One execution of a script: EVALSHA, and EVAL once if Redis does not have the script. After an authentication
 * error it connects anew and asks once more. Each `start` therefore sends three commands at the most.
 */
export abstract class ScriptCall extends ReplyHandler {
  private evalTried: bool = false;
  private reconnected: bool = false;

  constructor(
    private transport: Transport,
    private script: Script,
    protected readonly keys: Bytes[],
    private args: i64[],
  ) {
    super();
  }

  /** Called exactly once after a `start` that returned None. `reply` is not null exactly when `failure` is None or ErrorReply. */
  abstract onResult(reply: Reply | null, failure: Failure): void;

  /** Sends the script; for any result but None, `onResult` is not called. */
  start(): Failure {
    this.evalTried = false;
    this.reconnected = false;
    return this.issue(EVALSHA, this.script.sha1);
  }

  onReply(reply: Reply | null, failure: Failure): void {
    if (reply === null || reply.kind != ReplyKind.Error) return this.onResult(reply, failure);
    if (startsWith(reply.bytes, NOSCRIPT) && !this.evalTried) {
      this.evalTried = true;
      return this.sendAgain();
    }
    if (startsWith(reply.bytes, NOAUTH) || startsWith(reply.bytes, WRONGPASS)) {
      if (this.reconnected || !this.transport.reconnect()) return this.onResult(null, Failure.Authentication);
      this.reconnected = true;
      return this.sendAgain();
    }
    this.onResult(reply, Failure.ErrorReply);
  }

  private sendAgain(): void {
    const failure = this.evalTried
      ? this.issue(EVAL, this.script.text)
      : this.issue(EVALSHA, this.script.sha1);
    if (failure != Failure.None) this.onResult(null, failure);
  }

  private issue(verb: Bytes, script: Bytes): Failure {
    const keys = this.keys;
    const args = this.args;
    beginCommand(command, 3 + keys.length + args.length);
    argument(command, verb);
    argument(command, script);
    numberArgument(command, keys.length);
    for (let i = 0; i < keys.length; ++i) argument(command, keys[i]);
    for (let i = 0; i < args.length; ++i) numberArgument(command, args[i]);
    // A command that was cut would desynchronise the connection for everybody.
    return command.overflowed ? Failure.NotSent : this.transport.send(command, this);
  }
}
