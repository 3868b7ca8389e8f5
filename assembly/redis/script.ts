import { CalloutHandler } from "../abi/callouts";
import { Bytes, bytesOf, startsWith } from "../bytes/bytes";
import { sha1Hex } from "../bytes/sha1";
import { Command } from "./command";
import { Failure, Transport } from "./transport";

const EVALSHA = bytesOf("EVALSHA");
const EVAL = bytesOf("EVAL");
const NOSCRIPT = bytesOf("NOSCRIPT");
const NOAUTH = bytesOf("NOAUTH");
const WRONGPASS = bytesOf("WRONGPASS");

// One for all: a command is sent as soon as it is written.
const command = new Command();

/** A Lua script: its text, and the SHA-1 of that text, by which Redis caches it. */
@final
export class Script {
  readonly text: Bytes;
  readonly sha1: Bytes;

  constructor(text: string) {
    const bytes = bytesOf(text);
    this.text = bytes;
    this.sha1 = sha1Hex(bytes);
  }
}

/** More keys than that no script has. */
const MAX_CAPACITY: i32 = 512;

/**
 * A Lua script that is written for 1, 2, 4, … counters, up to 512, because it spells its keys out. Each text is made when
 * it is needed first, so a Redis has to keep ten at the most.
 */
@final
export class ScriptFamily {
  /** By the binary logarithm of the number of counters. */
  private members: (Script | null)[] = [];

  constructor(private readonly write: (counters: i32) => string) {}

  /** The script for so many counters, at least one; null when there are too many. */
  scriptFor(counters: i32): Script | null {
    if (counters > MAX_CAPACITY) return null;
    const index = counters > 1 ? 32 - clz<i32>(counters - 1) : 0;
    while (this.members.length <= index) this.members.push(null);
    const known = this.members[index];
    if (known !== null) return known;
    const made = new Script(this.write(1 << index));
    this.members[index] = made;
    return made;
  }
}

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
      ? this.transport.send(EVAL, script.text, command, this)
      : this.transport.send(EVALSHA, script.sha1, command, this);
  }
}
