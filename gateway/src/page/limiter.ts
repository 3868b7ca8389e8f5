import { checkText, type Report } from "../check/check.ts";
import type { StreamInfo } from "../chain/filter.ts";
import { toPluginJson } from "../config/load.ts";
import { LIMITER } from "../config/own-plugins.ts";
import { readCurl } from "../explain/curl.ts";
import { explain, type Explanation } from "../explain/explain.ts";
import { splitWords } from "../explain/shell.ts";
import type { Lua } from "../memory-redis/lua.ts";
import type { CounterStore } from "../redis/counter-store.ts";
import { replay, type Played, type PlayedCall } from "../sandbox/replay.ts";

/** The rate limiter of this gateway, as the page asks about it. */
export interface Limiter {
  readonly module: WebAssembly.Module;
  /** The configuration as it was given. */
  configuration: string;
  /** Gives the filter another configuration. @throws ConfigError, ConfigurationRefused */
  apply(configuration: string): void;
  /** Where it counts, for an operator, and for the filter in a sandbox. */
  readonly store: CounterStore;
  readonly redis: (query: Buffer) => Promise<Buffer>;
  /** For requests that nobody sends. */
  readonly info: StreamInfo;
}

/** Who is hit by a configuration, and how often. */
export interface ReplayReport {
  readonly calls: number;
  /** Of them, those to which a rule applies. */
  readonly limited: number;
  readonly denied: number;
  /** The same with the configuration that is active now. */
  readonly deniedNow: number;
  /** Those who are denied most first. */
  readonly callers: readonly { caller: string; calls: number; denied: number; deniedNow: number }[];
}

const MAX_CALLERS = 100;

/** What the filter itself says about a text; nothing is contacted. */
export function check(text: string, { module }: Limiter): Report["findings"] {
  return checkText(text, "configuration", new Map([[LIMITER, module]])).findings;
}

/** Explains what the filter would do with a request now. @throws CommandLineError, ConfigError, ConfigurationRefused */
export async function explainCurl(
  curl: string,
  text: string | null,
  limiter: Limiter,
  lua: Lua,
): Promise<Explanation & { redisError: string | null }> {
  const request = await readCurl(splitWords(curl), undefined);
  let redisError: string | null = null;
  const explanation = await explain({
    config: text ?? limiter.configuration,
    ...{ request, info: limiter.info, module: limiter.module, lua, now: Date.now },
    load: async (keys, into) => {
      try {
        await limiter.store.copy(keys, into);
      } catch (error) {
        redisError = (error as Error).message;
      }
    },
  });
  return { ...explanation, redisError };
}

/** Plays calls with another configuration and with the active one. @throws ConfigError, ConfigurationRefused */
export async function compare(
  calls: readonly PlayedCall[],
  text: string,
  limiter: Limiter,
  lua: Lua,
): Promise<ReplayReport> {
  const { module } = limiter;
  const then = await replay(calls, toPluginJson(text), { module, lua });
  const now = await replay(calls, toPluginJson(limiter.configuration), { module, lua });
  const callers = new Map<string, { caller: string; calls: number; denied: number; deniedNow: number }>();
  then.forEach((played, at) => {
    const caller = played.caller || now[at]?.caller || "";
    const row = callers.get(caller) ?? { caller, calls: 0, denied: 0, deniedNow: 0 };
    row.calls++;
    row.denied += Number(played.denied);
    row.deniedNow += Number(now[at]?.denied ?? false);
    callers.set(caller, row);
  });
  const isDenied = ({ denied }: Played): boolean => denied;
  return {
    calls: calls.length,
    limited: then.filter(({ limited }) => limited).length,
    denied: then.filter(isDenied).length,
    deniedNow: now.filter(isDenied).length,
    callers: [...callers.values()]
      .toSorted((a, b) => b.denied - a.denied || b.calls - a.calls)
      .slice(0, MAX_CALLERS),
  };
}
