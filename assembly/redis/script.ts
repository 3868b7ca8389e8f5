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

// All calls share one, because a command is sent as soon as it is written.
const command = new Command();

/**
 * Runs a script: with EVALSHA, then once with EVAL if Redis does not have the script. After an authentication error, it
 * connects again and retries once. So each `run` sends at most three commands.
 *
 * Each command ends with a unique number, which the script returns as the last element of its reply. A reply without that
 * number belongs to another command and is not believed. A server between the filter and Redis may mix up replies: Webdis does
 * if Redis answers after a client has stopped waiting.
 */
export abstract class ScriptCall extends CalloutHandler {
  private evalTried: bool = false;
  private reconnected: bool = false;
  private script: Script | null = null;
  /** The number of the latest command. */
  private number: i64 = 0;

  constructor(protected readonly link: Link) {
    super();
  }

  /** Adds the keys and arguments to an empty command. */
  protected abstract write(command: Command): void;

  /**
   * Called exactly once after each `run`.
   * @param failure None or ErrorReply if `link.reply` holds the reply. With None, the number has been removed from it
   */
  protected abstract onResult(failure: Failure): void;

  /** Sends the one of `scripts` for `counters` counters. `onResult` gets the result, possibly before this returns. */
  protected run(scripts: ScriptFamily, counters: i32): void {
    this.script = scripts.scriptFor(counters);
    this.evalTried = false;
    this.reconnected = false;
    this.issue();
  }

  onReply(status: u32, size: u32): void {
    const transport = this.link.transport;
    const failure = transport.receive(status, size);
    const reply = transport.reply;
    if (failure == Failure.None && !reply.takeLast(this.number)) return this.onResult(Failure.Malformed);
    this.link.answered(this.number);
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
    this.link.sent(this.number);
    command.clear();
    this.write(command);
    command.number(this.number);
    return this.evalTried
      ? transport.send(EVAL, script.text(), command, this)
      : transport.send(EVALSHA, script.sha1, command, this);
  }
}
