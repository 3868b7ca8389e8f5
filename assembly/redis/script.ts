import { CalloutHandler } from "../abi/callouts";
import { bytesOf, startsWith } from "../bytes/bytes";
import { Command } from "./command";
import { Script, ScriptFamily } from "./script-family";
import { Failure, Transport } from "./transport";

const EVALSHA = bytesOf("EVALSHA");
const EVAL = bytesOf("EVAL");
const NOSCRIPT = bytesOf("NOSCRIPT");
const NOAUTH = bytesOf("NOAUTH");
const WRONGPASS = bytesOf("WRONGPASS");

// One for all: a command is sent as soon as it is written.
const command = new Command();

/**
 * One execution of a script: EVALSHA, and EVAL once if Redis does not have the script. After an authentication
 * error it connects anew and asks once more. Each `start` therefore sends three commands at the most.
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
    protected readonly transport: Transport,
    private readonly scripts: ScriptFamily,
  ) {
    super();
  }

  /** Adds the keys and arguments to an empty command. */
  protected abstract write(command: Command): void;

  /**
   * Called exactly once after a `start` that returned None.
   * @param failure None or ErrorReply when `transport.reply` holds the reply; None without the number of the command
   */
  protected abstract onResult(failure: Failure): void;

  /** Sends the script for so many counters; for any result but None, `onResult` is not called. */
  protected start(counters: i32): Failure {
    this.script = this.scripts.scriptFor(counters);
    if (this.script === null) return Failure.NotSent;
    this.evalTried = false;
    this.reconnected = false;
    return this.issue();
  }

  onReply(status: u32, size: u32): void {
    const failure = this.transport.receive(status, size);
    const reply = this.transport.reply;
    if (failure == Failure.None && !reply.takeLast(this.number)) return this.onResult(Failure.Malformed);
    if (failure != Failure.ErrorReply) return this.onResult(failure);
    const error = reply.error;
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
    if (script === null) return Failure.NotSent;
    this.number = this.transport.newNumber();
    command.clear();
    this.write(command);
    command.number(this.number);
    return this.evalTried
      ? this.transport.send(EVAL, script.text(), command, this)
      : this.transport.send(EVALSHA, script.sha1, command, this);
  }
}
