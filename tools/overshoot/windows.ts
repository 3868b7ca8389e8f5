// Calls that run across the ends of windows, and what is counted in each window.
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../calls.ts";
import { callAll, type Answer, type Patience } from "./caller.ts";
import { MINUTE_HEADER, minuteCounterOf, type Gateways } from "./gateways.ts";
import { consumedBy, heldOn, PATIENT, SETTLED_WITHIN_MS } from "./measure.ts";
import { callsOf, LIMIT } from "./workload.ts";

/** What was counted in windows that ended while calls were in flight. */
export interface Windows {
  /** Counted in one window ÷ limit, for each of them. */
  readonly shares: readonly number[];
  /** Calls that passed, in a window on average. */
  readonly through: number;
}

export interface Course {
  readonly patience: Patience;
  /** How many windows end. */
  readonly windows: number;
}

const CALLER = "crossing";
/** What a window of a minute lasts is as compressed as what clients wait. */
const SECONDS = 60;
export const COURSE: Course = { patience: PATIENT, windows: 3 };

/**
 * In each window some calls come at once, so shortly before its end that none of them is answered in it; before the first
 * window, as many. Clients come back after a 429, until the last window has ended.
 */
export async function measureWindows(
  gateways: Gateways,
  calls: number,
  isStream: boolean,
  { patience, windows }: Course = COURSE,
): Promise<Windows> {
  const { urls, redis, gate, isPeer } = gateways;
  await redis.flushall();
  gate.close(0);
  const end = new AbortController();
  // Each client that waits to come back listens.
  setMaxListeners(0, end.signal);
  const caller = {
    gate,
    name: CALLER,
    header: MINUTE_HEADER,
    patience: { ...patience, signal: end.signal },
  };
  const wave = (): Promise<Answer[]> => callAll(urls, callsOf(calls, isStream), caller);
  const lastsMs = SECONDS * patience.msPerSecond;
  const crossingMs = patience.answerMs / 2;
  const waves = [wave()];
  const counted: number[] = [];
  for (let i = 0; i < windows; ++i) {
    await sleep(lastsMs - crossingMs);
    waves.push(wave());
    await sleep(crossingMs);
    counted.push(await endWindow(gateways));
  }
  end.abort();
  const answers = (await Promise.all(waves)).flat();
  const failed = answers.find(({ status }) => status !== 200 && status !== 429);
  if (failed !== undefined) throw new Error(`a call was answered ${failed.status}`);
  if (!isPeer) await untilSettled(gateways, consumedBy(answers) - counted.reduce((sum, one) => sum + one, 0));
  counted.push(await endWindow(gateways));
  return {
    shares: counted.map((tokens) => tokens / LIMIT),
    through: answers.filter(({ status }) => status === 200).length / windows,
  };
}

/** Ends the window, as Redis does when its time is over. @returns what has been counted in it */
async function endWindow({ redis }: Gateways): Promise<number> {
  const key = minuteCounterOf(CALLER);
  const results = await redis.multi().get(key).del(key).exec();
  return Number(results?.[0]?.[1] ?? 0);
}

/** Waits until the open window has what is left of what was consumed. @throws if that does not happen */
async function untilSettled({ redis }: Gateways, left: number): Promise<void> {
  await eventually(async () => {
    const charged = Number(await redis.get(minuteCounterOf(CALLER)));
    return charged === left && (await heldOn(redis)) === 0 ? true : undefined;
  }, SETTLED_WITHIN_MS);
}
