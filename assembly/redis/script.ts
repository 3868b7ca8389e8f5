import { Bytes, bytesOf, startsWith } from "../bytes/bytes";
import { Reply, ReplyKind } from "./reply";
import { Command, Failure, ReplyHandler, Transport } from "./transport";

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
    return this.transport.send(new Command(verb, script, this.keys, this.args), this);
  }
}
