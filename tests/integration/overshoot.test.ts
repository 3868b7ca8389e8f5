// Scenario: a hundred calls of one caller at the same time, on a limit that fits forty of them. With `clamp` they are charged
// no more than the limit, and nearly all of it when they come back after a 429 as clients do. How `make overshoot` measures this
// is tested along with it.
import { describe, expect, it, onTestFinished } from "vitest";
import { callAll, NONE, type Answer, type Patience } from "../../tools/overshoot/caller.ts";
import type { Gate } from "../../tools/overshoot/gate.ts";
import { counterOf, startGateways, type Gateways, type Mode } from "../../tools/overshoot/gateways.ts";
import {
  consumedBy,
  heldOn,
  measureBursts,
  measureRetries,
  PATIENT,
  type Outcome,
} from "../../tools/overshoot/measure.ts";
import { chart, figures, text } from "../../tools/overshoot/report.ts";
import type { Result } from "../../tools/overshoot/run.ts";
import { measureWindows } from "../../tools/overshoot/windows.ts";
import { callsOf, CAP, FITTING, LIMIT, type Call } from "../../tools/overshoot/workload.ts";
import { environmentOf } from "../../tools/bench/environment.ts";
import { eventually } from "../../tools/calls.ts";

const CALLS = 100;
const CALLER = "alice";
/** What the estimate of the input may be wrong by, as a share of the limit. */
const TOLERANCE = 0.01;

async function start(mode: Mode): Promise<Gateways> {
  const gateways = await startGateways("one gateway", mode);
  onTestFinished(() => gateways.close());
  return gateways;
}

const burstOn = async (gateways: Gateways, isStream: boolean): Promise<Outcome> => {
  const [outcome] = await measureBursts([gateways], CALLS, isStream);
  return outcome!;
};

const asking = ({ gate }: Gateways): { gate: Gate; name: string } => ({ gate, name: CALLER });

/** Waits until nothing is held, and a counter has what was consumed. */
const settled = (gateways: Gateways, tokens: number): Promise<true> =>
  eventually(async () => {
    const charged = Number(await gateways.redis.get(counterOf(CALLER)));
    return charged === tokens && (await heldOn(gateways.redis)) === 0 ? true : undefined;
  });

describe("a hundred calls at once", () => {
  it("exceed a limit together without reservations", async () => {
    const { charged, through, rejected } = await burstOn(await start("off"), false);
    expect([through, rejected]).toEqual([CALLS, 0]);
    expect(charged).toBeGreaterThan(2);
  });

  it.each([
    ["JSON", false],
    ["streams", true],
  ])("stay within it with clamp: %s", async (_name, isStream) => {
    const gateways = await start("clamp");
    const burst = await burstOn(gateways, isStream);
    expect(burst.charged).toBeLessThanOrEqual(1 + TOLERANCE);
    expect(burst.through + burst.rejected).toBe(CALLS);
    // To the model and back: a command to Redis before each call, and one after each that has passed.
    expect(burst.trips).toBeCloseTo(1 + burst.through / CALLS);
    const retried = await measureRetries(gateways, CALLS, isStream);
    expect(retried.charged).toBeLessThanOrEqual(1 + TOLERANCE);
    expect(retried.charged).toBeGreaterThanOrEqual(0.9);
    expect(retried.through).toBeGreaterThan(burst.through);
    expect(retried.clamped).toBeGreaterThan(0);
    expect([burst.unchecked, retried.unchecked]).toEqual([0, 0]);
  });

  it("never exceed it by a token where the input is estimated exactly", async () => {
    const gateways = await start("clamp");
    const calls = callsOf(CALLS, false);
    // What is held for a call alone tells what its input was taken for.
    const exact: Call[] = [];
    for (const call of calls) {
      gateways.gate.close(2);
      const pending = callAll(gateways.urls, [call], { ...asking(gateways), patience: NONE });
      const held = await eventually(async () => (await heldOn(gateways.redis)) || undefined);
      gateways.gate.leave();
      await pending;
      await eventually(async () => ((await heldOn(gateways.redis)) === 0 ? true : undefined));
      // With what was learned: the next call is estimated as this one was.
      await gateways.redis.flushdb();
      exact.push({ ...call, input: held - CAP });
    }
    gateways.gate.close(0);
    const answers = await callAll(gateways.urls, exact, { ...asking(gateways), patience: PATIENT });
    await settled(gateways, consumedBy(answers));
    expect(consumedBy(answers)).toBeLessThanOrEqual(LIMIT);
    expect(consumedBy(answers)).toBeGreaterThanOrEqual(0.9 * LIMIT);
  });

  it("stay within it when the window ends while they are in flight", async () => {
    const gateways = await start("clamp");
    const { redis } = gateways;
    const callMany = (patience: Patience): Promise<Answer[]> =>
      callAll(gateways.urls, callsOf(CALLS, false), { ...asking(gateways), patience });
    await redis.set(counterOf(CALLER), Math.round(LIMIT / 2), "EX", 60);
    gateways.gate.close(2 * CALLS);
    const before = callMany(NONE);
    await eventually(async () => ((await heldOn(redis)) > 0.45 * LIMIT ? true : undefined));
    await redis.del(counterOf(CALLER));
    // What is held from the window before still counts in this one, in which it will be charged.
    const after = callMany(NONE);
    const first = consumedBy([...(await before), ...(await after)]);
    await settled(gateways, first);
    expect(first).toBeLessThanOrEqual((1 + TOLERANCE) * LIMIT);
    const all = first + consumedBy(await callMany(PATIENT));
    await settled(gateways, all);
    expect(all).toBeLessThanOrEqual((1 + TOLERANCE) * LIMIT);
    expect(all).toBeGreaterThanOrEqual(0.9 * LIMIT);
  });
});

describe("calls in flight at the ends of windows", () => {
  /** A minute lasts 600 ms, and an answer 60. */
  const course = { patience: { retries: 20, msPerSecond: 10, answerMs: 60 }, windows: 2 };

  it("are counted in no window beyond its limit with clamp", async () => {
    const { shares, through } = await measureWindows(await start("clamp"), CALLS, false, course);
    expect(shares).toHaveLength(3);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1 + TOLERANCE);
    expect(shares[1]).toBeGreaterThan(0.5);
    expect(through).toBeGreaterThan(FITTING / 2);
  });

  it("exceed it in a filter that does not reserve, which the tool shows of any module", async () => {
    const gateways = await startGateways("one gateway", "off", "build/ai-token-ratelimit.wasm");
    onTestFinished(() => gateways.close());
    const { charged } = await burstOn(gateways, true);
    const { shares } = await measureWindows(gateways, CALLS, true, course);
    expect(charged).toBeGreaterThan(2);
    expect(Math.max(...shares)).toBeGreaterThan(1.5);
  });
});

describe("the report", () => {
  it("tells what was charged, as text, as a chart, and for the README", async () => {
    const results: Result[] = [];
    for (const mode of ["off", "clamp"] as const) {
      const gateways = await start(mode);
      const burst = await burstOn(gateways, false);
      results.push({
        gateway: "one gateway",
        mode,
        answers: "JSON",
        calls: CALLS,
        burst,
        retried: undefined,
        windows: mode === "off" ? { shares: [0.5, 2.25, 0.1], through: 7 } : undefined,
      });
    }
    const report = { ...environmentOf([]), envoy: "1.2.3", limit: LIMIT, fitting: FITTING, results };
    const over = Math.round((results[0]!.burst.charged - 1) * 100);
    const [off, clamp] = text(report)
      .split("\n")
      .filter((line) => line.startsWith("one gateway"));
    expect(off).toMatch(new RegExp(` off +${CALLS} +${CALLS} +0 +0 +${over} +100 +- +- +- +7 +125 +75\\.0 `));
    expect(clamp).toMatch(new RegExp(` clamp +${CALLS} +\\d+ +\\d+ +\\d+ +0 +\\d`));
    const worst = Math.max(2.25, results[0]!.burst.charged);
    expect(figures(report)).toMatch(new RegExp(`^off +${Math.round((worst - 1) * 100)} % `, "m"));
    expect(chart(report)).toContain(`${worst.toFixed(3)} × the limit`);
  });
});
