// Scenario: Redis stands still for longer than `redis.timeout`, again and again, under load. Webdis then sends what it
// answers on connections that belong to others by now. Nobody is rejected by another's counter, and every token is counted
// once. Specified in deploy/envoy/README.md, "When nothing is limited".
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { chat, eventually } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const TIMEOUT_MS = 100;
const STILL_MS = 4 * TIMEOUT_MS;
const TIMES = 6;
const LIMIT = 1e9;
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: LIMIT }] }],
  redis: { ...REDIS, timeout: TIMEOUT_MS },
};
const PREFIX = "higress-token-ratelimit:r:limit_by_per_header:3600:x-api-key:";
/** Some are below their limits, some above, and stay there. */
const UNDER = ["ann", "ben", "cho", "dan", "eve", "fay"];
const OVER = ["over-1", "over-2", "over-3", "over-4"];

describe.skipIf(!isAvailable)("a Redis that answers late", () => {
  let backends: Backends;
  let envoy: Envoy;
  beforeAll(async () => {
    backends = await startBackends();
    envoy = await backends.envoy({ configuration: CONFIGURATION, concurrency: 2 });
  });
  afterAll(() => backends.close());

  const stat = (name: string): Promise<number> => envoy.stat(`ai_token_ratelimit.${name}`);

  it("rejects nobody by another's counter, and counts every token once", async () => {
    const { redis } = backends;
    for (const caller of OVER) await redis.set(PREFIX + caller, 2 * LIMIT, "EX", 3600);
    const statuses = new Map<string, number[]>([...UNDER, ...OVER].map((caller) => [caller, []]));
    let isOver = false;
    const load = Promise.all(
      [...statuses].map(async ([caller, seen]) => {
        while (!isOver) {
          const response = await chat(envoy.url, 10, { headers: { "x-api-key": caller } });
          await response.text();
          seen.push(response.status);
        }
      }),
    );
    try {
      for (let times = 0; times < TIMES; ++times) {
        const charged = await stat("charged_tokens");
        await eventually(async () => ((await stat("charged_tokens")) > charged + 200 ? true : undefined));
        await redis.client("PAUSE", STILL_MS, "ALL");
        await new Promise((resolve) => setTimeout(resolve, STILL_MS));
      }
    } finally {
      isOver = true;
      await load;
    }

    const consumed = new Map(
      [...statuses].map(([caller, seen]) => [caller, 10 * seen.filter((status) => status === 200).length]),
    );
    const all = [...consumed.values()].reduce((sum, tokens) => sum + tokens, 0);
    await eventually(
      async () => ((await stat("charged_tokens")) + (await stat("lost_tokens")) === all ? true : undefined),
      40_000,
    );
    const counted = new Map(
      await Promise.all(
        [...consumed.keys()].map(async (caller) => {
          const before = OVER.includes(caller) ? 2 * LIMIT : 0;
          return [caller, Number(await redis.get(PREFIX + caller)) - before] as const;
        }),
      ),
    );
    for (const caller of UNDER) expect(new Set(statuses.get(caller))).toEqual(new Set([200]));
    for (const caller of OVER) expect(statuses.get(caller)).toContain(429);
    expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(consumed));
    expect(await stat("lost_tokens")).toBe(0);
    // The scene was what it promises to be: commands got no answer in time, and others got theirs.
    expect(await stat("redis_failures.network")).toBeGreaterThan(0);
    expect(await stat("redis_failures.malformed")).toBeGreaterThan(0);
  }, 120_000);
});
