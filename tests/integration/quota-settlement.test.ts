// Scenario: 10,000 calls at once and at random through two gateways that run ai-quota and ai-token-ratelimit in one chain,
// with one real Redis. Calls come to every end: answered in one piece or streamed, left by the client, broken off by the
// upstream, without a report of usage, refused by either filter, or as an answer that is fetched later, once or again.
// Replies and commands are lost or late, connections break, Redis refuses, stands still, is killed and started again;
// configurations are pushed. Meanwhile an administrator sets balances and adds to them.
//
// At the end each balance is what was granted less what its consumer's calls were worth, and each counter of the rate limit
// is what its calls were worth, both to the token. Redis is never away for two minutes, so there is no documented reason to
// lose anything: nothing is lost.
//
// All clocks are the test's (`faulty-redis.ts`). What a call is worth is told by an instance of each filter to which nothing
// happens. FUZZ_SEED repeats a run, but for what a broken connection and a killed Redis leave to chance.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { newCall, pick, randomOf, type Call, type Random } from "../support/calls.ts";
import { REDIS } from "../support/filter.ts";
import { SEED } from "../support/fuzz.ts";
import { balance, QUOTA, QUOTA_MODULES } from "../support/quota.ts";
import { eventsInDisorder, FATES, TIMEOUT, type Event } from "./fault-plan.ts";
import { ChargeBooks } from "./charge-books.ts";
import { FaultyNetwork } from "./faulty-network.ts";
import { LIMITER, type Plugin } from "./faulty-worker.ts";
import { Administrator } from "./quota-administrator.ts";
import { Traffic } from "./traffic.ts";

const CALLS = Number(process.env.SETTLEMENT_CALLS ?? 10_000);
/** How long Redis stands still, in milliseconds. */
const STANDSTILL = 30_000;
const EVENTS: Event[] = [
  "standstill",
  ...Array<Event>(3).fill("kill"),
  ...Array<Event>(4).fill("push"),
  ...Array<Event>(2).fill("reload"),
  ...Array<Event>(3).fill("script flush"),
];
/** The consumers of `newCall`. */
const CONSUMERS = ["tight", "loose", ...Array.from({ length: 20 }, (_, i) => `key-${i}`)];

const BALANCES: Plugin = {
  file: QUOTA_MODULES[0][1],
  metrics: "ai_quota.",
  config: (version) => ({
    ...QUOTA,
    deny_with: { status: 400 + version },
    redis: { ...REDIS, timeout: TIMEOUT },
  }),
  passing: () => balance(1),
};

/** Calls as the rate limit alone gets them, with a consumer; some create an answer in the background, or fetch one. */
function callsOf(): (next: Random) => Call {
  const created: { path: string; apiKey: string; body: string }[] = [];
  return (next) => {
    const call = newCall(next);
    const apiKey = call.headers["x-api-key"]!;
    const draw = next();
    if (draw < 0.05) {
      const id = `resp_${created.length}`;
      const tokens = 1 + Math.floor(next() * 200);
      const usage = { input_tokens: 7, output_tokens: tokens, total_tokens: 7 + tokens };
      const body = JSON.stringify({ id, object: "response", status: "completed", usage });
      created.push({ path: `/v1/responses/${id}`, apiKey, body });
      call.headers[":path"] = "/v1/responses";
      call.chunks = [JSON.stringify({ id, object: "response", status: "queued", usage: null })];
    } else if (draw < 0.15 && created.length > 0) {
      const answer = pick(next, ...created);
      call.headers = { ":method": "GET", ":path": answer.path, "x-api-key": answer.apiKey };
      call.requestBody = null;
      call.chunks = [answer.body.slice(0, 20), answer.body.slice(20)];
    }
    if (call.headers[":path"] !== undefined) {
      call.response = { ":status": "200", "content-type": "application/json" };
      // Some leave in the middle; they have nothing.
      if (call.ending === "abort") call.chunks.pop();
    }
    call.headers["x-mse-consumer"] = call.headers["x-api-key"]!;
    return call;
  };
}

const directory = mkdtempSync(join(tmpdir(), "ai-quota-settlement-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it(`leaves balances and counters exact after ${CALLS} calls`, { timeout: 240_000 }, async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  const next = randomOf(SEED);
  const network = await FaultyNetwork.begin(directory, next, new ChargeBooks(), BALANCES, LIMITER);
  const { books, losses, gateways, workers } = network;
  const quotas = gateways.map(([quota]) => quota!);
  const admin = new Administrator(quotas, next);
  const traffic = await Traffic.begin(CALLS, gateways, books, next, callsOf());

  /** `loose` lives from hand to mouth, and `tight` has tokens to spare: it is the rate limit that refuses it. */
  const administrate = (): void => {
    const consumer = pick(next, "loose", ...CONSUMERS);
    const amount = consumer === "loose" ? next() * 20_000 : 100_000 + next() * 10_000;
    if (next() < 0.3) admin.refresh(consumer, Math.floor(amount));
    else admin.delta(consumer, Math.floor(amount / 5) - 400);
  };
  /** So much time passes, with calls and without anything else happening. */
  const goOn = async (milliseconds: number, step = 500): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += step) {
      traffic.playOn();
      admin.playOn();
      if (next() < 0.2) administrate();
      await network.pass(step);
    }
  };
  const happen = async (event: Event): Promise<void> => {
    switch (event) {
      case "standstill":
        network.state = "still";
        await goOn(STANDSTILL);
        return network.goOn();
      case "kill":
        network.following = "kill";
        while (network.following !== null) await goOn(50, 50);
        network.state = "down";
        await goOn(5_000 + next() * 25_000);
        return network.comeBack();
      case "push":
        return pick(next, ...workers).push();
      case "reload":
        return pick(next, ...workers).reload();
      case "script flush":
        return network.flushScripts();
      default:
        throw new Error(event);
    }
  };

  for (const consumer of CONSUMERS) admin.refresh(consumer, 100_000);
  const events = eventsInDisorder(next, EVENTS);
  const every = CALLS / (events.length + 1);
  for (let happened = 0; !traffic.isOver || admin.isBusy;) {
    await goOn(50, 50);
    const event = events[happened];
    if (event === undefined || traffic.started < (happened + 1) * every) continue;
    happened++;
    await happen(event);
  }
  network.faults = false;
  while (network.isBusy) await network.pass(500);

  const counters = await network.counters();
  await network.stop();
  const [refusedByQuota, refusedByLimit] = traffic.rejectedBy;
  const { repeated, refused, changes } = books;
  const { fates } = network;
  const { answers } = admin;
  console.log(JSON.stringify({ refusedByQuota, refusedByLimit, repeated, refused, changes, answers, fates }));

  expect(network.metric("lost_tokens")).toBe(0);
  expect(losses.unexplained).toEqual([]);
  expect([...losses.open]).toEqual([]);
  const due = new Map(books.granted);
  for (const [key, tokens] of books.expected) due.set(key, (due.get(key) ?? 0) + tokens);
  const sorted = (map: Map<string, number>): object => Object.fromEntries([...map].sort());
  expect(sorted(counters)).toEqual(sorted(due));
  // The scene was what it promises to be.
  expect([...books.granted.keys()].sort()).toEqual(CONSUMERS.map((name) => `chat_quota:${name}`).sort());
  expect(books.fetchedAgain).toBeGreaterThan(50);
  expect(refusedByQuota).toBeGreaterThan(100);
  expect(refusedByLimit).toBeGreaterThan(100);
  expect(changes).toBeGreaterThan(100);
  expect(repeated).toBeGreaterThan(100);
  expect(Object.keys(answers).sort()).toEqual(["200", "503"]);
  expect(Object.keys(fates)).toHaveLength(Object.keys(FATES).length + 3);
  // Nobody is left behind.
  for (const { host } of workers) expect([...host.ending]).toEqual([]);
});
