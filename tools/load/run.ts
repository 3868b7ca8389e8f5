// Puts each gateway under load in turns, so that what slows the machine down for a while slows down all of them.
import { spreadOf, type Spread } from "../bench/measure.ts";
import {
  CALLER,
  connectionsToLlm,
  counterOf,
  MANY,
  OVER,
  processorTime,
  startGateways,
  type Gateways,
  type Subject,
} from "./gateways.ts";
import { eventually } from "../calls.ts";
import { wrk, type Answered } from "./wrk.ts";

/** Of each load; short, and often in turns. */
const SECONDS = 1;

export interface Effort {
  readonly rounds: number;
  /** How often each gateway runs before it is measured, so that V8 has optimized the filter. */
  readonly warmUp: number;
}

export interface LoadResult {
  readonly name: string;
  /** With many connections. */
  readonly requestsPerSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  /** Processor time of the gateway for one request, in microseconds; undefined where it is not known. */
  readonly processor: Spread | undefined;
  /** How much more that is than without any filter, round by round. */
  readonly added: Spread | undefined;
  /** With one connection, whose requests do not wait for others. */
  readonly aloneP50: Spread;
  readonly aloneP99: Spread;
}

interface Sample {
  readonly many: Answered;
  readonly alone: Answered;
  readonly processor: number;
}

/** @throws when a gateway did not answer as it should, because then the figures mean something else. */
export async function measureLoad({ rounds, warmUp }: Effort): Promise<LoadResult[]> {
  const gateways = await startGateways();
  try {
    const { subjects } = gateways;
    const samples = subjects.map((): Sample[] => []);
    for (let round = -warmUp; round < rounds; ++round) {
      for (let turn = 0; turn < subjects.length; ++turn) {
        const which = (turn + round + warmUp) % subjects.length;
        const sample = await measure(gateways, subjects[which]!);
        if (round >= 0) samples[which]!.push(sample);
      }
    }
    return subjects.map(({ name }, i) => summary(name, samples[i]!, samples[0]!));
  } finally {
    await gateways.close();
  }
}

async function measure(gateways: Gateways, subject: Subject): Promise<Sample> {
  const before = processorTime(subject.envoy.pid);
  const many = await load(gateways, subject, MANY);
  const processor = (processorTime(subject.envoy.pid) - before) / many.requests;
  return { many, processor, alone: await load(gateways, subject, 1) };
}

async function load(gateways: Gateways, subject: Subject, connections: number): Promise<Answered> {
  const { redis } = gateways.backends;
  // The marker of each charge is kept for a minute, and there are many here.
  await redis.flushall();
  await redis.set(counterOf(OVER), 2_000_000_000, "EX", 600);
  const before = await connectionsToLlm(subject);
  const answered = await wrk(subject.envoy.url, { connections, seconds: SECONDS, caller: subject.caller });
  const { requests, statuses, failures } = answered;
  if (subject.charged) {
    const [least, most] = subject.charged(requests);
    await eventually(async () => (Number(await redis.get(counterOf(CALLER))) >= least ? true : undefined));
    const counter = Number(await redis.get(counterOf(CALLER)));
    if (counter > most) throw new Error(`${subject.name}: charged ${counter} tokens, of ${most}`);
  }
  if (failures > 0 || requests === 0 || statuses !== (subject.isRejected ? requests : 0)) {
    throw new Error(`${subject.name}: ${JSON.stringify(answered)}`);
  }
  // One that is opened for each request would be measured too.
  const opened = (await connectionsToLlm(subject)) - before;
  if (opened > 2 * connections) throw new Error(`${subject.name}: ${opened} connections to the LLM`);
  for (const name of ["unchecked_requests", "lost_tokens"]) {
    const count = await gateways.filtered.stat(`ai_token_ratelimit.${name}`);
    if (count > 0) throw new Error(`${subject.name}: ${name} is ${count}`);
  }
  return answered;
}

function summary(name: string, samples: readonly Sample[], without: readonly Sample[]): LoadResult {
  const spread = (of: (sample: Sample, round: number) => number): Spread => spreadOf(samples.map(of));
  const isKnown = samples.every(({ processor }) => Number.isFinite(processor));
  return {
    name,
    requestsPerSecond: spread(({ many }) => many.requests / many.seconds),
    p50: spread(({ many }) => many.p50),
    p99: spread(({ many }) => many.p99),
    processor: isKnown ? spread(({ processor }) => processor) : undefined,
    added:
      isKnown && samples !== without
        ? spread(({ processor }, round) => processor - without[round]!.processor)
        : undefined,
    aloneP50: spread(({ alone }) => alone.p50),
    aloneP99: spread(({ alone }) => alone.p99),
  };
}
