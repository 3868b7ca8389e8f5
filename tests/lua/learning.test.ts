// Contract of what the scripts learn from calls, and correct estimates by: against a model in random histories, against callers who
// teach it what they like, and how close it comes. Specified in assembly/ledger/lua and ARCHITECTURE.md, "Reservations".
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadHarness } from "../support/as.ts";
import { fuzz } from "../support/fuzz.ts";
import { bytesOf, quantile, TOKENIZERS, writtenSamples } from "../unit/estimate/samples.ts";
import { type Asked, HeldRedis, WIDTH } from "./held-redis.ts";
import { SERVERS } from "./servers.ts";

const PLENTY = 1e12;
const MODEL = 3;

/** What is learned from one call more, of what was learned before; within the three digits that are kept. */
function learned(before: string | undefined, number: number, spread: number): [mean: number, spread: number] {
  if (!before) return [number, spread];
  const [mean, deviation] = before.split(" ").map(Number) as [number, number];
  return [mean + (number - mean) / 16, deviation + (Math.abs(number - mean) - deviation) / 16];
}

/** What is to be expected of the next call, after what was learned. */
function expected(before: string | undefined, deviations: number): number | undefined {
  if (!before) return undefined;
  const [mean, spread] = before.split(" ").map(Number) as [number, number];
  return mean + deviations * spread;
}

describe.each(SERVERS)("on %s,", (name, program) => {
  let held: HeldRedis;
  beforeAll(async () => {
    held = await HeldRedis.start(program);
  });
  afterAll(() => held.stop());
  beforeEach(() => held.reset());

  let calls = 0;
  const fields = (row = 0): Promise<Record<string, string>> => held.redis.hgetall(`h${row}`);
  /** Makes a call. @returns what was reserved for it */
  async function call(
    asked: Partial<Asked>,
    { input, output, limits = [PLENTY] }: { input: number; output: number; limits?: number[] },
  ): Promise<number> {
    const all = {
      input: 100,
      output: 1024,
      least: 0,
      assumed: true,
      model: MODEL,
      mayShrink: true,
      ...asked,
    };
    const id = `call${++calls}`;
    const { granted, correction } = await held.hold(id, all, limits);
    expect(granted).toBeGreaterThanOrEqual(0);
    const reserved = await held.redis.get(`m:${id}`);
    expect(Number(reserved!.split(":")[1])).toBe(all.input + correction + granted);
    await held.settle(id, input + output, "0", 0, limits.length, all.sign, undefined, input);
    return all.input + correction + granted;
  }

  it("agree with a model in any history of holds, settlements, lapses and repetitions", async () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant("hold" as const),
          input: fc.nat(300),
          output: fc.nat(300),
          assumed: fc.boolean(),
          model: fc.constantFrom(-1, 0, 7),
          mayShrink: fc.boolean(),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant("settle" as const),
          which: fc.nat(3),
          input: fc.integer({ min: -1, max: 500 }),
          output: fc.nat(500),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat" as const), which: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("lapse" as const) }) },
    );
    const limit = 6_000;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        await held.reset();
        let spent = 0;
        let kept: Record<string, string> = {};
        let cuts = 0;
        const settled: string[] = [];
        const open = new Map<string, { asked: Asked; amount: number; cut: number; lapsesAt: number }>();
        const sum = (): number => [...open.values()].reduce((sum, one) => sum + one.amount, 0);
        for (const one of steps) {
          if (one.do === "lapse") held.lapse();
          if (one.do === "repeat" && settled[one.which] !== undefined)
            expect(await held.settle(settled[one.which]!, 9, "0", 0, 1, 1, undefined, 5)).toEqual([]);
          if (one.do === "hold") {
            for (const [id, { amount, lapsesAt }] of open) {
              if (lapsesAt > held.now) continue;
              spent += amount;
              open.delete(id);
              if (open.size === 0) cuts = 0;
            }
            const { input, model, assumed, mayShrink } = one;
            const least = assumed ? 0 : one.output;
            const room = limit - spent - sum();
            const quarter = limit / 4;
            let asked = input;
            let output = assumed ? Math.min(one.output, quarter) : one.output;
            let cut = 0;
            if (model >= 0) {
              const lowest = mayShrink ? 0.5 : 1;
              asked = Math.ceil(input * Math.max(lowest, Math.min(2, expected(kept[`m${model}`], 2) ?? 1)));
              const before = output;
              if (assumed) output = Math.min(quarter, Math.ceil(expected(kept["o"], 3) ?? output));
              if (!mayShrink) output = Math.max(output, before);
              cut = Math.max(0, input + before - asked - output);
              if (cut + cuts > room / 4) {
                cut = 0;
                asked = Math.max(asked, input);
                output = Math.max(output, before);
              }
              if (asked > input) asked = Math.max(input, Math.min(asked, room - least));
            }
            const granted = room > 0 && room - asked >= least ? Math.min(output, room - asked) : -1;
            const id = `c${++calls}`;
            const reply = await held.hold(id, { ...one, least }, [limit]);
            expect(reply.granted).toBe(granted);
            if (granted < 0) continue;
            expect(reply.correction).toBe(asked - input);
            if (asked + granted === 0) continue;
            cuts += cut;
            open.set(id, { asked: one, amount: asked + granted, cut, lapsesAt: Number(reply.bucket) });
          }
          const found = one.do === "settle" ? [...open][one.which] : undefined;
          if (one.do === "settle" && found !== undefined) {
            const [id, { asked, cut, lapsesAt, amount }] = found;
            // Only a call to reserve finds what has lapsed.
            const tokens = Math.max(one.input, 0) + one.output;
            await held.settle(id, tokens, "0", 0, 1, 1, undefined, one.input);
            expect(lapsesAt).toBeGreaterThan(0);
            expect(amount).toBeGreaterThan(0);
            open.delete(id);
            settled.push(id);
            spent += tokens;
            cuts = open.size === 0 ? 0 : Math.max(0, cuts - cut);
            const after = await fields();
            const learns = asked.model! >= 0 && one.input >= 0;
            const check = (name: string, isLearned: boolean, number: number, spread: number): void => {
              if (!isLearned) return expect(after[name] || undefined).toBe(kept[name] || undefined);
              const [mean, deviation] = learned(kept[name], number, spread);
              const numbers = after[name]!.split(" ").map(Number);
              expect(numbers[0]).toBeCloseTo(mean, 2);
              expect(numbers[1]).toBeCloseTo(deviation, 2);
            };
            const ratio = Math.max(0.5, Math.min(2, one.input / asked.input));
            check(`m${asked.model}`, learns && asked.input >= 64, ratio, 0.1);
            check("o", learns && asked.assumed!, one.output, one.output / 2);
            kept = after;
          }
          const now = await fields();
          expect(await held.spent()).toBe(spent);
          expect(await held.heldOn()).toBe(sum());
          expect(Number(now["cut"] ?? 0)).toBe(cuts);
          expect(Object.keys(now).every((name) => /^(sum|next|cut|o|m[07]|L?\d+)$/.test(name))).toBe(true);
          if (Object.keys(now).length > 0) expect(await held.redis.pttl("h0")).toBeGreaterThan(0);
        }
      }),
      fuzz(40),
    );
  }, 120_000);

  it("correct the input of the model that was called, and no other", async () => {
    for (let i = 0; i < 60; ++i) await call({ assumed: false, output: 0 }, { input: 150, output: 0 });
    const of = (model: number): Promise<number> =>
      call({ assumed: false, output: 0, model, input: 1000 }, { input: 1500, output: 0 });
    expect(await of(MODEL)).toBeGreaterThanOrEqual(1500);
    expect(await of(MODEL)).toBeLessThan(1600);
    expect(await of(5)).toBe(1000);
  });

  it("keep nothing for a call of which nothing is to be learned", async () => {
    await call({ model: -1 }, { input: 150, output: 10 });
    expect(await fields()).toEqual({});
  });

  it("forget what was learned when nobody has called for long", async () => {
    await call({}, { input: 150, output: 10 });
    expect(await held.redis.pttl("h0")).toBeGreaterThan(0);
    expect(await held.redis.pttl("h0")).toBeLessThanOrEqual(Math.max(48 * WIDTH, 3_600_000));
  });

  it("learn nothing from a call whose hold has lapsed, which is charged already", async () => {
    const asked = { input: 100, output: 50, least: 0, assumed: true, model: MODEL };
    await held.hold("late", asked, [PLENTY]);
    held.lapse();
    await call({ model: -1 }, { input: 1, output: 0 });
    await held.settle("late", 500, "0", 0, 1, 1, undefined, 200);
    expect(await fields()).not.toHaveProperty("o");
  });

  it("grow no further, whatever models a caller invents", async () => {
    for (let model = 0; model < 8; ++model) await call({ model }, { input: 120, output: 9 });
    expect(Object.keys(await fields()).filter((name) => !/^(cut|o|m[0-7])$/.test(name))).toEqual([]);
  });

  it("never deny a call because of what was learned, as long as there is room without it", async () => {
    for (let i = 0; i < 30; ++i) await call({ input: 100 }, { input: 200, output: 4000 });
    const limits = [120];
    await held.redis.del("k0");
    expect((await held.hold("a", { input: 100, output: 20, model: MODEL }, limits)).granted).toBe(20);
    await held.redis.hdel("h0", "sum", "next", String((Math.floor(held.now / WIDTH) + 9) * WIDTH));
    const assumed = { input: 100, output: 1024, least: 0, assumed: true, model: MODEL };
    expect(await held.hold("b", assumed, limits)).toMatchObject({ granted: 0, correction: 20 });
  });

  it("never reserve less than was asked for where they may not", async () => {
    for (let i = 0; i < 30; ++i) await call({}, { input: 10, output: 1 });
    expect(await call({ mayShrink: false }, { input: 10, output: 1 })).toBe(1124);
    expect(await call({}, { input: 10, output: 1 })).toBeLessThan(60);
  });

  it("let a caller who taught them small calls take away a quarter of what is left at most", async () => {
    for (let i = 0; i < 50; ++i) await call({}, { input: 50, output: 1 });
    await held.redis.del("k0");
    const limit = 100_000;
    let [count, sum] = [0, 0];
    for (; ; ++count) {
      const asked = { input: 100, output: 1024, least: 0, assumed: true, model: MODEL, mayShrink: true };
      const { granted, correction } = await held.hold(`many${count}`, asked, [limit]);
      if (granted < 1024 && sum > limit / 2 && limit - sum < 1124) break;
      sum += 100 + correction + granted;
    }
    // Without them, so many calls of 1,124 tokens fit; a quarter more is what they may let pass.
    expect(count).toBeLessThanOrEqual(1.25 * (limit / 1124) + 1);
    expect(count).toBeGreaterThan(limit / 1124);
  });

  it("learn beside the last counter of a call, for balances too", async () => {
    await held.redis.mset({ k0: 1e9, k1: 1e9 });
    const limits = [0, 0];
    await call({ sign: -1 }, { input: 150, output: 30, limits });
    expect(await fields(0)).not.toHaveProperty("o");
    expect(await fields(1)).toMatchObject({ o: "30.000 15.000", [`m${MODEL}`]: "1.500 0.100" });
    expect([await held.spent(0), await held.heldOn(1)]).toEqual([1e9 - 180, 0]);
  });

  /** Numbers between 0 and 1, the same each time, and those of a bell curve. */
  function numbers(seed: number): { even: () => number; bell: () => number } {
    let state = seed;
    const even = (): number => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
    const bell = (): number => Math.sqrt(-2 * Math.log(even() + 1e-12)) * Math.cos(2 * Math.PI * even());
    return { even, bell };
  }

  interface Traffic {
    estimate: number;
    input: number;
    output: number;
  }

  /** Of the calls after the first fifty: the median of reserved ÷ used, and the share of those for which too little was reserved. */
  async function measure(next: () => Traffic): Promise<{ median: number; under: number }> {
    await held.reset();
    const ratios: number[] = [];
    for (let i = 0; i < 250; ++i) {
      const { estimate, input, output } = next();
      const reserved = await call({ input: estimate }, { input, output });
      if (i >= 50) ratios.push(reserved / (input + output));
    }
    return {
      median: quantile(ratios, 0.5),
      under: ratios.filter((ratio) => ratio < 1).length / ratios.length,
    };
  }

  // It is the same on every server, so one will do.
  if (name !== "Redis") return;

  describe("after fifty calls of a caller who states no caps,", () => {
    /** Calls with prompts of about so many tokens, which cost `factor` times their estimate, and answers of about so many. */
    const like =
      (prompt: number, spread: number, factor: number, error: number, answer: number, variety: number) =>
      (random: () => number): Traffic => {
        const estimate = Math.ceil(prompt * Math.exp(spread * random()));
        return {
          estimate,
          input: Math.ceil(estimate * factor * Math.exp(error * random())),
          output: Math.ceil(answer * Math.exp(variety * random())),
        };
      };
    it.each([
      ["with retrieved documents", like(2000, 0.3, 1, 0.08, 300, 0.4), 1.3],
      ["about source code", like(8000, 0.5, 1.15, 0.1, 600, 0.6), 1.3],
      ["to classify", like(500, 0.2, 1.05, 0.05, 6, 0.3), 1.3],
      ["whose prompts come from a cache, which counts less", like(6000, 0.4, 0.7, 0.1, 300, 0.5), 1.3],
      // Nobody can know beforehand how long an answer is that may be short or long.
      ["that chats", like(400, 0.8, 0.9, 0.15, 200, 0.7), 2],
    ])(
      "%s",
      async (title, next, bound) => {
        const { bell } = numbers(7);
        const { median, under } = await measure(() => next(bell));
        console.log(
          `${title}: reserved / used ${median.toFixed(2)}, too little ${(100 * under).toFixed(1)} %`,
        );
        expect(median).toBeLessThanOrEqual(bound);
        expect(under).toBeLessThanOrEqual(0.05);
      },
      120_000,
    );

    it("in each language, by a real tokenizer", async () => {
      const harness = await loadHarness<{ estimate: (text: ArrayBuffer) => bigint }>(
        "tests/unit/estimate/estimator.harness.ts",
      );
      const samples = writtenSamples().filter(({ part }) => part === "held-out");
      const found: { language: string; median: number; under: number }[] = [];
      for (const language of ["english", "chinese", "japanese", "russian", "code-go", "hindi"]) {
        const texts = samples.filter((sample) => sample.language === language);
        expect(texts.length, language).toBeGreaterThan(0);
        const { even, bell } = numbers(11);
        const known = texts.map(({ text }) => ({
          estimate: Number(harness.estimate(bytesOf(text))),
          input: TOKENIZERS.o200k_base(text),
        }));
        const next = (): Traffic => {
          // A prompt of several texts, and what a provider puts around it.
          const parts = Array.from({ length: 8 }, () => known[Math.floor(even() * known.length)]!);
          const sum = (of: (part: Traffic) => number): number =>
            parts.reduce((sum, part) => sum + of(part as Traffic), 0);
          return {
            estimate: sum(({ estimate }) => estimate),
            input: sum(({ input }) => input) + 12,
            output: Math.ceil(150 * Math.exp(0.3 * bell())),
          };
        };
        found.push({ language, ...(await measure(next)) });
      }
      for (const { language, median, under } of found)
        console.log(
          `${language}: reserved / used ${median.toFixed(2)}, too little ${(100 * under).toFixed(1)} %`,
        );
      for (const { language, median, under } of found) {
        expect(median, language).toBeLessThanOrEqual(1.3);
        expect(under, language).toBeLessThanOrEqual(0.05);
      }
    }, 120_000);
  });
});
