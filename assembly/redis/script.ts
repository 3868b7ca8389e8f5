import { CalloutHandler } from "../abi/callouts";
import { Bytes, bytesOf, startsWith } from "../bytes/bytes";
import { Failure, Transport } from "./transport";

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
export abstract class ScriptCall extends CalloutHandler {
  private evalTried: bool = false;
  private reconnected: bool = false;

  constructor(
    protected readonly transport: Transport,
    private readonly script: Script,
  ) {
    super();
  }

  /** Begins the command with `verb` and `script`, and writes the keys and arguments. */
  protected abstract write(verb: Bytes, script: Bytes): void;

  /**
   * Called exactly once after a `start` that returned None.
   * @param failure None or ErrorReply when `transport.reply` holds the reply
   */
  protected abstract onResult(failure: Failure): void;

  /** Sends the script; for any result but None, `onResult` is not called. */
  protected start(): Failure {
    this.evalTried = false;
    this.reconnected = false;
    return this.issue();
  }

  onReply(status: u32, size: u32): void {
    const failure = this.transport.receive(status, size);
    if (failure != Failure.ErrorReply) return this.onResult(failure);
    const error = this.transport.reply.error;
    if (startsWith(error, NOSCRIPT) && !this.evalTried) {
      this.evalTried = true;
      return this.sendAgain();
    }
    if (startsWith(error, NOAUTH) || startsWith(error, WRONGPASS)) {
      if (this.reconnected || !this.transport.reconnect()) return this.onResult(Failure.Authentication);
      this.reconnected = true;
      return this.sendAgain();
    }
    this.onResult(Failure.ErrorReply);
  }

  private sendAgain(): void {
    const failure = this.issue();
    if (failure != Failure.None) this.onResult(failure);
  }

  private issue(): Failure {
    const script = this.script;
    this.write(this.evalTried ? EVAL : EVALSHA, this.evalTried ? script.text : script.sha1);
    return this.transport.send(this);
  }
}
