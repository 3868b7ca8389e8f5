import { LuaFactory } from "wasmoon";

/** What Lua has as a value: texts have one char per byte; `false` is nil. */
export type LuaValue = number | string | boolean | undefined | LuaTable;
export type LuaTable = readonly LuaValue[] | { readonly [key: string]: LuaValue };

/** What `redis.call` of the script that runs now does. */
export type Call = (words: readonly string[]) => LuaValue;

// As in Redis: an error is a table with `err`; redis.call raises it, redis.pcall returns it.
const PRELUDE = `
local scripts = {}
redis = {}
function redis.pcall(...) return __call(...) end
function redis.call(...)
  local reply = __call(...)
  if type(reply) == 'table' and reply.err then error(reply, 0) end
  return reply
end
function __load(name, text)
  local script, problem = load('local KEYS, ARGV = ...\\n' .. text)
  scripts[name] = script
  return script == nil and problem or ''
end
function __run(name, keys, argv)
  local ok, reply = pcall(scripts[name], keys, argv)
  if ok or type(reply) == 'table' then return reply end
  return { err = 'ERR ' .. tostring(reply) }
end
`;

type Load = (name: string, text: string) => string;
type Run = (name: string, keys: string[], argv: string[]) => LuaValue;

/** A Lua in which the scripts of the filters run. It is 5.4, where Redis has 5.1, so they are held to both by tests. */
export class Lua {
  private call: Call = () => undefined;

  private constructor(
    private readonly loadScript: Load,
    private readonly runScript: Run,
  ) {}

  static async create(): Promise<Lua> {
    const engine = await new LuaFactory().createEngine({ injectObjects: false, enableProxy: false });
    const own: { lua?: Lua } = {};
    engine.global.set("__call", (...words: (string | number)[]) => own.lua?.call(words.map(String)));
    engine.doStringSync(PRELUDE);
    const load = engine.global.get("__load") as Load;
    return (own.lua = new Lua(load, engine.global.get("__run") as Run));
  }

  /** The reason, if the text is no script. */
  load(name: string, text: string): string | null {
    return this.loadScript(name, text) || null;
  }

  /** Runs a script that was loaded. */
  run(name: string, keys: readonly string[], argv: readonly string[], call: Call): LuaValue {
    this.call = (words) => call(words.map(withZeros));
    return this.runScript(name, keys.map(withoutZeros), argv.map(withoutZeros));
  }
}

// Texts end at a zero byte on their way into Lua; this character, which is no byte, stands for it there.
const ZERO = "\u0100";

function withoutZeros(text: string): string {
  return text.replaceAll("\0", ZERO);
}

/** The reverse, also for what a script replies. */
export function withZeros(text: string): string {
  return text.replaceAll(ZERO, "\0");
}
