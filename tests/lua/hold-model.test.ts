// The auditor of the scripts that reserve and settle, on a real Redis: a model of a few lines says after each step of a random
// history what every counter and every hold must be. Specified in assembly/ledger/lua and ARCHITECTURE.md, "Reservations".
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fuzz } from "../support/fuzz.ts";
import { HeldRedis, LIMITS, WIDTH } from "./held-redis.ts";
import { SERVERS } from "./servers.ts";

describe.each(SERVERS)("on %s,", (_name, program) => {
  let held: HeldRedis;

  beforeAll(async () => {
    held = await HeldRedis.start(program);
  });
  afterAll(() => held.stop());
  beforeEach(() => held.reset());

  it("agrees with a model in any history of holds, settlements, lapses, repetitions and ends of windows", async () => {
    interface Open {
      amount: number;
      /** When it lapses; -1 if it was released. */
      lapsesAt: number;
      /** The window in which the hold was charged, when it has lapsed. */
      chargedIn?: number;
    }
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant("hold" as const),
          input: fc.nat(40),
          output: fc.nat(80),
          least: fc.nat(80),
          assumed: fc.boolean(),
          width: fc.constantFrom(WIDTH, 3 * WIDTH),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant("settle" as const),
          which: fc.nat(5),
          tokens: fc.nat(120),
          known: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat" as const), which: fc.nat(5) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(4 * WIDTH) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), row: fc.nat(1) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom("charge" as const, "release" as const),
        async (steps, onLapse) => {
          await held.reset();
          let calls = 0;
          const settled: string[] = [];
          const open = new Map<string, { bucket: string; rows: Open[] }>();
          const model = LIMITS.map(() => ({ spent: 0, window: 0 }));
          const isHeld = (one: Open): boolean => one.chargedIn === undefined && one.lapsesAt > -1;
          /** What each run of the script for holds does first. Returns what has lapsed on the last counter. */
          const lapseAll = (): number => {
            let lapsed = 0;
            open.forEach(({ rows }) =>
              rows.forEach((one, row) => {
                if (!isHeld(one) || one.lapsesAt > held.now) return;
                if (row === LIMITS.length - 1) lapsed += one.amount;
                if (onLapse === "charge") {
                  model[row]!.spent += one.amount;
                  one.chargedIn = model[row]!.window;
                } else one.lapsesAt = -1;
              }),
            );
            return lapsed;
          };
          const heldBy = (row: number): number =>
            [...open.values()].reduce(
              (sum, { rows }) => sum + (isHeld(rows[row]!) ? rows[row]!.amount : 0),
              0,
            );

          for (const one of steps) {
            if (one.do === "pass") held.now += one.ms;
            if (one.do === "end") {
              await held.redis.del(`k${one.row}`);
              model[one.row] = { spent: 0, window: model[one.row]!.window + 1 };
            }
            if (one.do === "hold") {
              const id = `c${++calls}`;
              const least = one.assumed ? 0 : Math.min(one.least, one.output);
              const lapsed = lapseAll();
              const room = LIMITS.map((limit, row) => limit - model[row]!.spent - heldBy(row));
              let granted = Math.min(one.output, ...room.map((left) => left - one.input));
              if (one.assumed) granted = Math.min(granted, ...LIMITS.map((limit) => Math.floor(limit / 4)));
              if (granted < least || room.some((left) => left <= 0)) granted = -1;
              const reply = await held.hold(id, {
                input: one.input,
                output: one.output,
                least,
                assumed: one.assumed,
                width: one.width,
                lapse: onLapse,
              });
              expect(reply).toMatchObject({ granted, lapsed });
              const bucket = Math.floor(held.now / one.width) + 9;
              if (granted >= 0) expect(Number(reply.bucket)).toBe(bucket * one.width);
              if (granted >= 0)
                open.set(id, {
                  bucket: reply.bucket,
                  rows: LIMITS.map(() => ({ amount: one.input + granted, lapsesAt: Number(reply.bucket) })),
                });
            }
            const id = one.do === "settle" ? [...open.keys()][one.which] : undefined;
            if (one.do === "settle" && id !== undefined) {
              const { bucket, rows } = open.get(id)!;
              open.delete(id);
              settled.push(id);
              if (one.known) await held.settle(id, one.tokens, bucket, rows[0]!.amount);
              else await held.settle(id, one.tokens);
              rows.forEach((held, row) => {
                const isSame = held.chargedIn === model[row]!.window;
                if (held.chargedIn === undefined) model[row]!.spent += one.tokens;
                else
                  model[row]!.spent += isSame
                    ? one.tokens - held.amount
                    : Math.max(one.tokens - held.amount, 0);
              });
            }
            if (one.do === "repeat" && settled[one.which] !== undefined)
              expect(await held.settle(settled[one.which]!, 77)).toEqual([]);
            for (const row of [0, 1]) {
              expect(await held.spent(row)).toBe(model[row]!.spent);
              expect(await held.heldOn(row)).toBe(heldBy(row));
              expect(model[row]!.spent).toBeGreaterThanOrEqual(0);
            }
          }
        },
      ),
      fuzz(60),
    );
  }, 120_000);
});
