import { keysOfScript } from "../memory-redis/resp.ts";

const PREFIX = "higress-token-ratelimit:";
/** Markers of charges, names of answers, and what is held: they stand beside the counters. */
const BESIDE = /^higress-token-ratelimit:(?:charge|answer|held):\{/;
const WINDOW = /:(global_threshold|match|limit_by_\w+):([a-z]*\d+)(?::([^:]*):([\s\S]*))?$/;

/** The name of a counter in Redis, taken apart. */
export interface CounterName {
  /** The field of the rule, such as `limit_by_per_header` or `match`. */
  readonly limitBy: string;
  /** The window as the name has it: its seconds, with a letter in front if it is no fixed one. */
  readonly window: string;
  /** What the field names, such as a header; of `match`, a hash of its conditions. */
  readonly name: string;
  /** What stands for the caller; it may be a credential. */
  readonly caller: string;
}

/** The counters that a command of the rate limiter touches, in the order in which it names them; none for any other command. */
export function countersIn(query: Buffer): string[] {
  return keysOfScript(query).filter((key) => key.startsWith(PREFIX) && !BESIDE.test(key));
}

/** @returns `null` for what is no name of a counter */
export function readCounterName(key: string): CounterName | null {
  // The first that fits is meant: a caller's value, which is last, may look like anything.
  const at = key.search(/:(?:global_threshold|match|limit_by_\w+):[a-z]*\d+(?::|$)/);
  if (at < 0) return null;
  const [, limitBy = "", window = "", name = "", caller = ""] = WINDOW.exec(key.slice(at)) ?? [];
  return { limitBy, window, name, caller };
}

/**
 * A caller's value so that its owner recognises it and nobody else learns it: at most the first three and the last two
 * characters, and never more than a third of it. The scheme of a credential, such as `Bearer`, is not secret.
 */
export function mask(value: string): string {
  const [, scheme = "", secret = ""] = /^((?:Bearer|Basic|Key|Token) +)?([\s\S]*)$/i.exec(value) ?? [];
  if (secret === "") return value === "" ? "" : scheme.trim();
  const shown = Math.min(5, Math.floor(secret.length / 3));
  const last = Math.floor((shown * 2) / 5);
  const first = shown - last;
  const end = last === 0 ? "" : secret.slice(-last);
  return printable(`${scheme}${secret.slice(0, first)}…${end}`);
}

/** The name of a counter with the caller's value masked. */
export function maskKey(key: string): string {
  const caller = readCounterName(key)?.caller;
  if (caller === undefined || caller === "") return printable(key);
  return printable(key.slice(0, key.length - caller.length)) + mask(caller);
}

/** Without what could confuse a terminal or a reader: controls, and marks that turn the direction of writing. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "·").slice(0, 400);
}
