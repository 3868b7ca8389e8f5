import { mask, readCounterName } from "../decisions/counter-key.ts";
import { LIMITER } from "../config/own-plugins.ts";
import type { Lua } from "../memory-redis/lua.ts";
import { MemoryRedis } from "../memory-redis/memory-redis.ts";
import { Sandbox, type Message, type Passage } from "./sandbox.ts";
import type { StreamInfo } from "../chain/filter.ts";

/** A call to be played again. */
export interface PlayedCall {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  readonly info: StreamInfo;
  readonly request: Message;
  /** `null` if there was none. */
  readonly response: Message | null;
}

/** What became of a call in a replay. */
export interface Played {
  readonly denied: boolean;
  /** Whether a rule applied to it. */
  readonly limited: boolean;
  /** The caller that decided, masked. */
  readonly caller: string;
}

/**
 * Plays calls again with a configuration, in the order and at the times in which they came, with counters that begin empty. A call that
 * got no answer then is given the latest one that there was.
 * @param configuration JSON text
 * @throws ConfigurationRefused
 */
export async function replay(
  calls: readonly PlayedCall[],
  configuration: string,
  { module, lua }: { module: WebAssembly.Module; lua: Lua },
): Promise<Played[]> {
  let now = calls[0]?.at ?? 0;
  const redis = new MemoryRedis(lua, () => now);
  const sandbox = new Sandbox({
    ...{ module, pluginName: LIMITER, configuration, redis: redis.handle },
    now: () => now,
  });
  const results: Played[] = [];
  const open: { endsAt: number; passage: Passage; response: Message | null }[] = [];
  let latest = calls.find(({ response }) => response !== null)?.response ?? null;
  const endUntil = async (moment: number): Promise<void> => {
    open.sort((a, b) => a.endsAt - b.endsAt);
    for (let ended = open[0]; ended !== undefined && ended.endsAt <= moment; ended = open[0]) {
      open.shift();
      now = Math.max(now, ended.endsAt);
      await ended.passage.respond(ended.response);
    }
  };
  for (const call of calls.toSorted((a, b) => a.at - b.at)) {
    await endUntil(call.at);
    now = Math.max(now, call.at);
    const passage = await sandbox.pass(call.request, call.info);
    latest = call.response ?? latest;
    const isDenied = passage.answer !== null;
    results.push({
      denied: isDenied,
      limited: passage.counters.length > 0,
      caller: mask(passage.counters.map(callerIn).find((caller) => caller !== "") ?? ""),
    });
    if (isDenied) await passage.respond(null);
    else open.push({ endsAt: call.at + call.durationMs, passage, response: call.response ?? latest });
  }
  await endUntil(Infinity);
  sandbox.close();
  return results;
}

function callerIn(key: string): string {
  return readCounterName(key)?.caller ?? "";
}
