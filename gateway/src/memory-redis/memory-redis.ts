import { createHash } from "node:crypto";
import { CommandError, ErrorReply, run, StatusReply, type CommandReply } from "./commands.ts";
import { withZeros, type Lua, type LuaValue } from "./lua.ts";
import { decodeCommand, encodeError, encodeReply } from "./resp.ts";
import { Store } from "./store.ts";

/**
 * A Redis in memory, as much of it as the filters of this project use, with a clock that is given: configurations are tried in it
 * without touching what is counted, and at any time.
 */
export class MemoryRedis {
  readonly store: Store;
  private readonly known = new Set<string>();

  /** @param now milliseconds since the epoch */
  constructor(
    private readonly lua: Lua,
    now: () => number,
  ) {
    this.store = new Store(now);
  }

  /** Carries out a command, RESP as is the reply. */
  readonly handle = (query: Buffer): Buffer => {
    const words = decodeCommand(query);
    if (words === null) return encodeError("ERR Protocol error");
    try {
      return encodeReply(this.dispatch(words));
    } catch (error) {
      if (error instanceof CommandError) return encodeError(error.message);
      throw error;
    }
  };

  private dispatch(words: readonly string[]): CommandReply {
    const [name = "", script = "", count = "", ...rest] = words;
    const keys = rest.slice(0, Number(count));
    const argv = rest.slice(Number(count));
    switch (name.toUpperCase()) {
      case "EVALSHA":
        if (!this.known.has(script)) throw new CommandError("NOSCRIPT No matching script. Please use EVAL.");
        return this.runScript(script, keys, argv);
      case "EVAL":
        return this.runScript(this.learn(script), keys, argv);
      default:
        return run(this.store, words);
    }
  }

  private learn(text: string): string {
    const sha = createHash("sha1").update(text, "latin1").digest("hex");
    const problem = this.known.has(sha) ? null : this.lua.load(sha, text);
    if (problem !== null) throw new CommandError(`ERR Error compiling script: ${problem}`);
    this.known.add(sha);
    return sha;
  }

  private runScript(sha: string, keys: readonly string[], argv: readonly string[]): CommandReply {
    return fromLua(this.lua.run(sha, keys, argv, (words) => this.call(words)));
  }

  private call(words: readonly string[]): LuaValue {
    try {
      return toLua(run(this.store, words));
    } catch (error) {
      if (error instanceof CommandError) return { err: error.message };
      throw error;
    }
  }
}

function toLua(reply: CommandReply): LuaValue {
  if (reply === null) return false;
  if (reply instanceof StatusReply) return { ok: reply.text };
  if (reply instanceof ErrorReply) return { err: reply.text };
  return typeof reply === "object" ? reply.map(toLua) : reply;
}

/** As Redis does: false is nil, true is 1, numbers lose what is behind the point, and an array ends before its first nil. */
function fromLua(value: LuaValue): CommandReply {
  if (value === undefined || value === false) return null;
  if (value === true) return 1;
  if (typeof value !== "object") return typeof value === "number" ? Math.trunc(value) : withZeros(value);
  const table = value as Readonly<Record<string, LuaValue>>;
  if (!Array.isArray(value) && typeof table.err === "string") throw new CommandError(table.err);
  if (!Array.isArray(value) && typeof table.ok === "string") return new StatusReply(table.ok);
  const first = Array.isArray(value) ? 0 : 1;
  const replies: CommandReply[] = [];
  for (let at = first; table[at] !== undefined; at++) replies.push(elementOf(table[at]));
  return replies;
}

/** An error inside an array is one of its elements, and RESP has that. */
function elementOf(value: LuaValue): CommandReply {
  try {
    return fromLua(value);
  } catch (error) {
    if (error instanceof CommandError) return new ErrorReply(error.message);
    throw error;
  }
}
