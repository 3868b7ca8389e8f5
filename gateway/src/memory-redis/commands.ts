import type { Store } from "./store.ts";

/** An error as Redis says it, with its code in front. */
export class CommandError extends Error {}

/** A status such as OK, which is no text. */
export class StatusReply {
  constructor(readonly text: string) {}
}

/** An error that is an element of a reply, and stops nothing. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** What a command replies; `null` is nil. */
export type CommandReply = number | string | null | StatusReply | ErrorReply | readonly CommandReply[];

type Command = (store: Store, args: readonly string[]) => CommandReply;

const OK = new StatusReply("OK");

/** The commands that the scripts of the filters send, and what a connection begins with. */
const COMMANDS: Readonly<Record<string, Command>> = {
  PING: () => new StatusReply("PONG"),
  AUTH: () => OK,
  SELECT: () => OK,
  TIME: ({ now }) => {
    const ms = now();
    return [String(Math.floor(ms / 1000)), String(Math.floor((ms % 1000) * 1000))];
  },
  EXISTS: (store, keys) => keys.filter((key) => store.get(key) !== undefined).length,
  PTTL: (store, [key = ""]) => Math.ceil(store.remainingMs(key)),
  EXPIRE: (store, [key = "", seconds]) => expire(store, key, store.now() + 1000 * integer(seconds)),
  PEXPIRE: (store, [key = "", ms]) => expire(store, key, store.now() + integer(ms)),
  PEXPIREAT: (store, [key = "", at]) => expire(store, key, integer(at)),
  DEL: (store, keys) => {
    const found = keys.filter((key) => store.get(key) !== undefined);
    for (const key of found) store.delete(key);
    return found.length;
  },
  GET: (store, [key = ""]) => text(store, key) ?? null,
  SET: set,
  INCRBY: (store, [key = "", amount]) => {
    const sum = integer(text(store, key) ?? "0") + integer(amount);
    store.set(key, String(sum));
    return sum;
  },
  HSET: (store, [key = "", ...fields]) => {
    const hash = hashAt(store, key);
    const before = hash.size;
    for (let i = 0; i + 1 < fields.length; i += 2) hash.set(fields[i] ?? "", fields[i + 1] ?? "");
    store.set(key, hash);
    return hash.size - before;
  },
  HDEL: (store, [key = "", ...fields]) => {
    const hash = hashAt(store, key);
    const removed = fields.filter((field) => hash.delete(field)).length;
    if (hash.size === 0) store.delete(key);
    return removed;
  },
  HMGET: (store, [key = "", ...fields]) => {
    const hash = hashAt(store, key);
    return fields.map((field) => hash.get(field) ?? null);
  },
  HGETALL: (store, [key = ""]) => [...hashAt(store, key)].flat(),
};

/** @throws CommandError */
export function run(store: Store, words: readonly string[]): CommandReply {
  const name = (words[0] ?? "").toUpperCase();
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new CommandError(`ERR unknown command '${name}'`);
  return command(store, words.slice(1));
}

function set(store: Store, [key = "", value = "", ...options]: readonly string[]): CommandReply {
  let expiresAt = Infinity;
  for (let i = 0; i < options.length; i++) {
    const option = (options[i] ?? "").toUpperCase();
    if (option === "NX" && store.get(key) !== undefined) return null;
    if (option === "EX") expiresAt = store.now() + 1000 * integer(options[++i]);
    if (option === "PX") expiresAt = store.now() + integer(options[++i]);
  }
  store.set(key, value, expiresAt);
  return OK;
}

function expire(store: Store, key: string, at: number): number {
  if (at <= store.now() && store.get(key) !== undefined) {
    store.delete(key);
    return 1;
  }
  return Number(store.expireAt(key, at));
}

function text(store: Store, key: string): string | undefined {
  const value = store.get(key);
  if (value instanceof Map) throw wrongType();
  return value;
}

/** A new one, which is not yet stored, where there is none. */
function hashAt(store: Store, key: string): Map<string, string> {
  const value = store.get(key) ?? new Map<string, string>();
  if (!(value instanceof Map)) throw wrongType();
  return value;
}

function wrongType(): CommandError {
  return new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");
}

function integer(text: string | undefined): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new CommandError("ERR value is not an integer or out of range");
  return value;
}
