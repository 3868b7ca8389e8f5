// Scenario: calls reserve through two gateways that share a real Redis, while all goes wrong that may: replies and commands are
// lost, come late, or come to somebody else; connections break within a command; Redis stands still for 90 seconds, is killed
// and started again, and is replaced by its replica, once as planned and once when that lags behind; gateways die with holds
// open; configurations are pushed. Afterwards, when the holds that nobody settled have lapsed, each counter and each balance is
// exactly what was consumed plus what has lapsed, as configured, and nothing is held.
//
// All clocks are the test's (`faulty-redis.ts`). What Redis has made of holds is told by its replies (`hold-books.ts`), and what
// calls have consumed by the model. FUZZ_SEED repeats a run, but for what a killed Redis leaves to chance.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { pick, randomOf } from "../support/calls.ts";
import { MODULES, REDIS } from "../support/filter.ts";
import { SEED } from "../support/fuzz.ts";
import { balance, QUOTA, QUOTA_MODULES } from "../support/quota.ts";
import { eventsInDisorder, STANDSTILL, TIMEOUT } from "./fault-plan.ts";
import { FaultyNetwork } from "./faulty-network.ts";
import type { Plugin } from "./faulty-worker.ts";
import { ASSUMED_OUTPUT, CALLERS, HeldTraffic } from "./held-traffic.ts";
import { HoldBooks } from "./hold-books.ts";

/** How many calls begin before each event. */
const CALLS_BETWEEN = 60;
/**
 * Less than a standstill takes, and more than any other outage: a settlement that finds neither its record nor its hold, which a
 * replica has lost, knows that before the hold would have lapsed. A hold lapses after nine eighths of it at the latest.
 */
const TTL_SECONDS = 60;
const LAPSED_MS = (TTL_SECONDS * 1000 * 9) / 8 + 1_000;
const LIMIT = 1_000_000;
/** The limit of `cid`, which is reached. */
const TIGHT = 10_000;
const limitOf = (caller: string): number => (caller === "cid" ? TIGHT : LIMIT);
const EVENTS = [
  ...Array<"kill">(2).fill("kill"),
  ...Array<"death">(3).fill("death"),
  "standstill",
  "death in a standstill",
  "failover",
  "failover to a replica that lags",
  "push",
  "reload",
  "script flush",
] as const;

interface Subject {
  plugin: Plugin;
  sign: 1 | -1;
  charges: boolean;
  counterOf: (caller: string) => string;
}

const reservation = (mode: string, on_lapse: string): object => ({
  mode,
  on_lapse,
  ttl_seconds: TTL_SECONDS,
  default_output_tokens: ASSUMED_OUTPUT,
});

const limits = (mode: "estimate" | "clamp", on_lapse: "charge" | "release"): Subject => ({
  plugin: {
    file: MODULES[0][1],
    metrics: "ai_token_ratelimit.",
    config: (version) => ({
      rule_name: "r",
      rule_mode: "all_match",
      rejected_msg: `version ${version}`,
      global_threshold: { token_per_day: 1e9 },
      rule_items: [
        {
          limit_by_per_header: "x-api-key",
          limit_keys: [
            { key: "regexp:^cid$", token_per_day: TIGHT },
            { key: "*", token_per_day: LIMIT },
          ],
        },
      ],
      reservation: reservation(mode, on_lapse),
      redis: { ...REDIS, timeout: TIMEOUT },
    }),
    passing: () => "",
  },
  sign: 1,
  charges: on_lapse === "charge",
  counterOf: (caller) => `higress-token-ratelimit:{r}:limit_by_per_header:86400:x-api-key:${caller}`,
});

const balances: Subject = {
  plugin: {
    file: QUOTA_MODULES[0][1],
    metrics: "ai_quota.",
    config: (version) => ({
      ...QUOTA,
      deny_with: { status: 400 + version },
      reservation: reservation("clamp", "charge"),
      redis: { ...REDIS, timeout: TIMEOUT },
    }),
    passing: () => balance(1),
  },
  sign: -1,
  charges: true,
  counterOf: (caller) => `chat_quota:${caller}`,
};

const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-chaos-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it.each<[string, Subject]>([
  ["estimate, which charges what lapses", limits("estimate", "charge")],
  ["clamp, which charges what lapses", limits("clamp", "charge")],
  ["clamp, which releases what lapses", limits("clamp", "release")],
  ["clamp, of balances", balances],
])("counts exactly with the mode %s", { timeout: 120_000 }, async (name, subject) => {
  console.log(`FUZZ_SEED=${SEED}`);
  const { plugin, sign, charges, counterOf } = subject;
  const next = randomOf(SEED);
  const books = new HoldBooks(sign);
  const network = await FaultyNetwork.begin(mkdtempSync(join(directory, "redis-")), next, books, plugin);
  if (sign < 0) for (const caller of CALLERS) await network.grant(counterOf(caller), limitOf(caller));
  const traffic = new HeldTraffic(network.gateways, next);
  let dropped = 0;

  /** So much time passes, with calls and without anything else happening. */
  const goOn = async (milliseconds: number, step = 500): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += step) {
      traffic.playOn();
      await network.pass(step);
    }
  };
  const die = async (): Promise<void> => {
    // With holds open.
    await goOn(100, 50);
    dropped += traffic.drop(await network.die(Math.floor(next() * network.gateways.length)));
  };
  const stand = async (meanwhile?: () => Promise<void>): Promise<void> => {
    network.state = "still";
    await goOn(STANDSTILL / 2, 1_000);
    await meanwhile?.();
    await goOn(STANDSTILL / 2, 1_000);
    await network.goOn();
  };
  const kill = async (): Promise<void> => {
    network.following = "kill";
    while (network.following !== null) await goOn(50, 50);
    network.state = "down";
    await goOn(5_000 + next() * 30_000);
    await network.comeBack();
  };
  const happen = async (event: (typeof EVENTS)[number]): Promise<void> => {
    switch (event) {
      case "kill":
        return kill();
      case "death":
        return die();
      case "standstill":
        return stand();
      case "death in a standstill":
        return stand(die);
      case "failover":
        await network.replicate();
        await network.handOver();
        await goOn(1_000, 50);
        return network.takeOver();
      case "failover to a replica that lags":
        await network.replicate();
        await network.promoteReplica();
        books.diverge();
        await goOn(200, 50);
        await kill();
        return books.converge((marker) => network.valueOf(marker));
      case "push":
        return pick(next, ...network.workers).push();
      case "reload":
        return pick(next, ...network.workers).reload();
      case "script flush":
        return network.flushScripts();
    }
  };

  for (const event of eventsInDisorder(next, EVENTS)) {
    const enough = traffic.started + CALLS_BETWEEN;
    while (traffic.started < enough) await goOn(50, 50);
    await happen(event);
    // What went wrong is over before the next thing does: a charge is only tried for two minutes.
    await goOn(20_000, 2_000);
  }
  traffic.isOpen = false;
  while (!traffic.isOver) await goOn(50, 50);
  network.faults = false;
  while (network.isBusy) await network.pass(500);
  // The next call of each caller finds what has lapsed.
  await network.pass(LAPSED_MS);
  traffic.touch();
  while (!traffic.isOver || network.isBusy) await goOn(50, 50);

  const counters = await network.counters();
  const held = await network.held();
  await network.stop();
  const { admitted, rejected } = traffic;
  const { holds, lapsed, diverged, repeated, refused } = books;
  const { fates, workers } = network;
  console.log(
    JSON.stringify({ name, admitted, rejected, holds, lapsed, dropped, diverged, repeated, refused, fates }),
  );

  // Each counter is what Redis has charged, plus what has lapsed.
  const counted = books.counted(charges);
  if (sign < 0)
    for (const caller of CALLERS)
      counted.set(counterOf(caller), limitOf(caller) + counted.get(counterOf(caller))!);
  expect([...counters.keys()].sort()).toEqual([...counted.keys()].sort());
  for (const [counter, tokens] of counters)
    expect(charges ? books.shortfalls(counter) : [0], counter).toContain(
      sign * (counted.get(counter)! - tokens),
    );
  expect(held).toEqual(new Map());
  // Redis has charged what was consumed, but for gateways that have died, and for charges that were given up because no
  // command was answered for two minutes. Those are counted as lost, also if they were made.
  const lost = network.metric("lost_tokens");
  expect(lost).toBeLessThan(0.01 * network.metric("charged_tokens"));
  let missing = 0;
  for (const worker of workers)
    for (const caller of CALLERS) {
      const charged = books.chargedFor(worker, counterOf(caller));
      const reported = traffic.reportedTo(worker, caller);
      expect(charged, caller).toBeLessThanOrEqual(reported);
      missing += reported - charged;
    }
  expect(missing).toBeLessThanOrEqual(lost);
  // The scene was what it promises to be.
  expect(dropped).toBeGreaterThan(10);
  expect(lapsed).toBeGreaterThan(1000);
  expect(holds).toBeGreaterThan(500);
  expect(repeated).toBeGreaterThan(0);
  expect(diverged).toBeGreaterThan(0);
  // Nobody is left behind.
  for (const { host } of workers) {
    expect([...host.ending]).toEqual([]);
    expect(host.streams.size).toBe(0);
  }
});
