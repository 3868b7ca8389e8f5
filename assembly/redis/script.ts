import { CalloutHandler } from "../abi/callouts";
import { bytesOf, startsWith } from "../bytes/bytes";
import { Command } from "./command";
import { Link } from "./link";
import { Script, ScriptFamily } from "./script-family";
import { Failure } from "./failure";

const EVALSHA = bytesOf("EVALSHA");
const EVAL = bytesOf("EVAL");
const NOSCRIPT = bytesOf("NOSCRIPT");
const NOAUTH = bytesOf("NOAUTH");
const WRONGPASS = bytesOf("WRONGPASS");

// One for all: a command is sent as soon as it is written.
const command = new Command();

/**
 * One execution of a script: EVALSHA, and EVAL once if Redis does not have the script. After an authentication
 * error it connects anew and asks once more. Each `run` therefore sends three commands at the most.
 *
 * Each command ends with a number of its own, which the script returns as the last element of its reply. What comes back
 * without it is the reply to another command, and is not believed: a server between us and Redis may confuse them, such as
 * Webdis when Redis answers after somebody has stopped waiting.
 */
export abstract class ScriptCall extends CalloutHandler {
  private evalTried: bool = false;
  private reconnected: bool = false;
  private script: Script | null = null;
  /** The number of the command that was sent last. */
  private number: i64 = 0;

  constructor(
    protected readonly link: Link,
    private readonly scripts: ScriptFamily,
  ) {
    super();
  }

  /** Adds the keys and arguments to an empty command. */
  protected abstract write(command: Command): void;

  /**
   * Called exactly once after each `run`.
   * @param failure None or ErrorReply when `link.reply` holds the reply; None without the number of the command
   */
  protected abstract onResult(failure: Failure): void;

  /** Sends the script for so many counters; `onResult` hears of it, possibly before this returns. */
  protected run(counters: i32): void {
    this.script = this.scripts.scriptFor(counters);
    this.evalTried = false;
    this.reconnected = false;
    this.issue();
  }

  onReply(status: u32, size: u32): void {
    const transport = this.link.transport;
    const failure = transport.receive(status, size);
    const reply = transport.reply;
    if (failure == Failure.None && !reply.takeLast(this.number)) return this.onResult(Failure.Malformed);
    if (failure != Failure.ErrorReply) return this.onResult(failure);
    const error = reply.error;
    if (startsWith(error, NOSCRIPT) && !this.evalTried) {
      this.evalTried = true;
      return this.issue();
    }
    if (startsWith(error, NOAUTH) || startsWith(error, WRONGPASS)) {
      if (this.reconnected || !transport.reconnect()) return this.onResult(Failure.Authentication);
      this.reconnected = true;
      return this.issue();
    }
    this.onResult(Failure.ErrorReply);
  }

  private issue(): void {
    const failure = this.dispatch();
    if (failure != Failure.None) this.onResult(failure);
  }

  private dispatch(): Failure {
    const script = this.script;
    if (script === null) return Failure.NotSent;
    const transport = this.link.transport;
    this.number = transport.newNumber();
    command.clear();
    this.write(command);
    command.number(this.number);
    return this.evalTried
      ? transport.send(EVAL, script.text(), command, this)
      : transport.send(EVALSHA, script.sha1, command, this);
  }
}
