// Makes many calls at once on a limit that fits forty of them, and tells what they have been charged.
import { eventually } from "../calls.ts";
import { callAll, NONE, type Answer, type Patience } from "./caller.ts";
import { counterOf, type Gateways } from "./gateways.ts";
import { callsOf, LIMIT } from "./workload.ts";

/** What happened to the calls of one or more rounds. */
export interface Outcome {
  /** Charged ÷ limit; of several rounds the highest. */
  readonly charged: number;
  /** Of one round, on average. */
  readonly through: number;
  readonly clamped: number;
  readonly rejected: number;
  readonly retries: number;
  /** How long a call took to reach the model or to be rejected, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Commands to Redis for each attempt. */
  readonly trips: number;
  /** Calls that passed without Redis having been asked; all rounds together. */
  readonly unchecked: number;
}

export const SETTLED_WITHIN_MS = 60_000;
/** Answers take three seconds, and clients wait five to ten for others, at twenty times the speed. */
export const PATIENT: Patience = { retries: 10, msPerSecond: 50, answerMs: 150 };

/** So often that the latencies of a few calls mean something. */
const roundsOf = (calls: number): number => Math.max(2, Math.floor(200 / calls));

/**
 * All calls at once; no answer before the last call has been decided. The gateways take turns, so that what slows the machine
 * down for a while slows down all of them.
 * @returns an outcome for each
 */
export async function measureBursts(
  subjects: readonly Gateways[],
  calls: number,
  isStream: boolean,
): Promise<Outcome[]> {
  const burst = (subject: Gateways, name: string): Promise<Round> =>
    round(subject, name, { calls, isStream, patience: NONE });
  // Opens the connections, and has V8 optimize the filter.
  for (const subject of subjects) await burst(subject, "warm-up");
  const before = await Promise.all(subjects.map((subject) => subject.unchecked()));
  const rounds = subjects.map((): Round[] => []);
  for (let i = 0; i < roundsOf(calls); ++i) {
    for (const [j, subject] of subjects.entries()) rounds[j]!.push(await burst(subject, `caller-${i}`));
  }
  const after = await Promise.all(subjects.map((subject) => subject.unchecked()));
  return rounds.map((of, j) => outcomeOf(of, after[j]! - before[j]!));
}

/** All calls at once, by clients that come back after a rejection. */
export async function measureRetries(
  gateways: Gateways,
  calls: number,
  isStream: boolean,
  patience: Patience = PATIENT,
): Promise<Outcome> {
  const before = await gateways.unchecked();
  const only = await round(gateways, "patient", { calls, isStream, patience });
  return outcomeOf([only], (await gateways.unchecked()) - before);
}

export const consumedBy = (answers: readonly Answer[]): number =>
  answers.reduce((sum, { tokens }) => sum + tokens, 0);

interface Round {
  readonly answers: readonly Answer[];
  readonly charged: number;
  readonly trips: number;
}

async function round(
  { urls, redis, gate, isPeer }: Gateways,
  caller: string,
  { calls, isStream, patience }: { calls: number; isStream: boolean; patience: Patience },
): Promise<Round> {
  await redis.flushall();
  await redis.config("RESETSTAT");
  gate.close(patience.retries === 0 ? calls : 0);
  const answers = await callAll(urls, callsOf(calls, isStream), { gate, name: caller, patience });
  const failed = answers.find(({ status }) => status !== 200 && status !== 429);
  if (failed !== undefined) throw new Error(`a call was answered ${failed.status}`);
  const consumed = consumedBy(answers);
  if (!isPeer) await untilCharged(redis, caller, consumed);
  return { answers, charged: consumed / LIMIT, trips: await scriptsRun(redis) };
}

/** Waits until a caller is charged what was consumed. @throws if that does not happen */
async function untilCharged(redis: Gateways["redis"], caller: string, consumed: number): Promise<void> {
  // To the token: then nothing has been charged twice or lost, and nothing is held any more.
  await eventually(async () => {
    const charged = Number(await redis.get(counterOf(caller)));
    return charged === consumed && (await heldOn(redis)) === 0 ? true : undefined;
  }, SETTLED_WITHIN_MS).catch(async () => {
    const charged = await redis.get(counterOf(caller));
    throw new Error(`${charged} tokens are charged and ${await heldOn(redis)} held, of ${consumed} consumed`);
  });
}

/** The tokens that are held on the one counter there is. */
export async function heldOn(redis: Gateways["redis"]): Promise<number> {
  const [key] = await redis.keys("higress-token-ratelimit:held:*");
  return key === undefined ? 0 : Number((await redis.hget(key, "sum")) ?? 0);
}

/** How many scripts Redis has run for the filter. */
async function scriptsRun(redis: Gateways["redis"]): Promise<number> {
  const statistics = await redis.info("commandstats");
  const counts = [...statistics.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

function outcomeOf(rounds: readonly Round[], unchecked: number): Outcome {
  const answers = rounds.flatMap((one) => one.answers);
  const count = (is: (answer: Answer) => boolean): number => answers.filter(is).length / rounds.length;
  const times = answers.map(({ admissionMs }) => admissionMs).sort((a, b) => a - b);
  const retries = answers.reduce((sum, one) => sum + one.retries, 0);
  const trips = rounds.reduce((sum, one) => sum + one.trips, 0);
  return {
    charged: Math.max(...rounds.map((one) => one.charged)),
    through: count(({ status }) => status === 200),
    clamped: count(({ isClamped }) => isClamped),
    rejected: count(({ status }) => status === 429),
    retries: retries / rounds.length,
    p50: times[Math.floor(times.length * 0.5)]!,
    p99: times[Math.floor(times.length * 0.99)]!,
    trips: trips / (answers.length + retries),
    unchecked,
  };
}
