// Scenario: Envoy, Webdis and Redis run in containers on a private network. Limits are those of the processes in
// tests/envoy/; when the network takes Redis away, calls pass, none waits longer than the timeout, and all that they used is
// counted once when it is back, or reported as lost. Specified by the README, "When something fails".
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, eventually } from "../support/stack.ts";
import { isAvailable, startContainers, type Containers } from "./support.ts";

const TIMEOUT_MS = 250;
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [
    { limit_by_header: "x-team", limit_keys: [{ key: "blue", token_per_hour: 50 }] },
    { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: 50 }] },
    { limit_by_per_header: "x-load", limit_keys: [{ key: "*", token_per_hour: 1_000_000 }] },
  ],
  redis: {
    service_name: "webdis",
    timeout: TIMEOUT_MS,
    http: { cluster: "webdis", authorization: "Basic ZW52b3k6Y2hhbmdlLW1l" },
  },
};
const PREFIX = "higress-token-ratelimit:r:";

describe.skipIf(!isAvailable)("containers on a private network", () => {
  let containers: Containers;
  beforeAll(async () => {
    containers = await startContainers(CONFIGURATION);
  });
  afterAll(() => containers?.stop());

  const counted = async (key: string): Promise<number> => Number(await containers.redis("get", PREFIX + key));
  const untilCounted = (key: string, tokens: number): Promise<true> =>
    eventually(async () => ((await counted(key)) === tokens ? true : undefined));

  it.each([
    ["a header", { "x-team": "blue" }, "limit_by_header:3600:x-team:blue"],
    ["each value of a header", { "x-api-key": "ann" }, "limit_by_per_header:3600:x-api-key:ann"],
  ])("limit by %s: below is served, above is rejected", async (_, headers, key) => {
    expect((await chat(containers.url, 20, { headers })).status).toBe(200);
    await untilCounted(key, 20);
    expect((await chat(containers.url, 31, { headers })).status).toBe(200);
    await untilCounted(key, 51);
    const rejection = await chat(containers.url, 2, { headers });
    expect([rejection.status, await rejection.text()]).toEqual([429, "Too many requests"]);
    expect(Number(rejection.headers.get("x-tokenratelimit-reset"))).toBeGreaterThan(3590);
    expect(await counted(key)).toBe(51);
  });

  it("count a stream", async () => {
    const headers = { "x-api-key": "streamer" };
    const response = await chat(containers.url, 51, { headers, stream: true });
    expect(await response.text()).toContain("[DONE]");
    await untilCounted("limit_by_per_header:3600:x-api-key:streamer", 51);
    expect((await chat(containers.url, 51, { headers, stream: true })).status).toBe(429);
  });

  it("serve on while Redis is partitioned away, and count each call once when it is back", async () => {
    const over = "limit_by_per_header:3600:x-api-key:over";
    await containers.redis("set", PREFIX + over, "51", "EX", "3600");
    const calls: { status: number; milliseconds: number }[] = [];
    let isOver = false;
    const caller = async (_: unknown, index: number): Promise<void> => {
      while (!isOver) {
        const begin = performance.now();
        const response = await chat(containers.url, 10, {
          headers: { "x-load": "all" },
          stream: index % 2 === 0,
        });
        await response.text();
        calls.push({ status: response.status, milliseconds: performance.now() - begin });
      }
    };
    const statistic = (name: string): Promise<number> => containers.stat(`ai_token_ratelimit.${name}`);
    const grows = async (name: string, by: number): Promise<void> => {
      const before = await statistic(name);
      await eventually(async () => ((await statistic(name)) > before + by ? true : undefined), 15_000);
    };
    const settled = async (): Promise<number> =>
      (await statistic("charged_tokens")) + (await statistic("lost_tokens"));
    const before = await settled();
    const load = Promise.all(Array.from({ length: 4 }, caller));
    try {
      for (let partitions = 0; partitions < 2; ++partitions) {
        await grows("charged_tokens", 100);
        await containers.partition();
        await grows("unchecked_requests", 10);
        await containers.rejoin();
      }
      await grows("charged_tokens", 100);
    } finally {
      isOver = true;
      await load;
    }
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set([200]));
    // The check waits for the timeout; the rest is two short answers, and a machine that is busy.
    expect(Math.max(...calls.map(({ milliseconds }) => milliseconds))).toBeLessThan(TIMEOUT_MS + 5_000);

    // It counts again, and each charge ends once, as charged or as lost.
    expect((await chat(containers.url, 10, { headers: { "x-load": "all" } })).status).toBe(200);
    const consumed = 10 * (calls.length + 1);
    await eventually(async () => ((await settled()) - before === consumed ? true : undefined), 40_000);
    // What was charged is in Redis, once, and so is all that was consumed: no partition lasted longer than charges are repeated.
    expect(await counted("limit_by_per_header:3600:x-load:all")).toBe(consumed);
    expect(await statistic("lost_tokens")).toBe(0);

    // Who was over the limit before is over it again.
    expect((await chat(containers.url, 2, { headers: { "x-api-key": "over" } })).status).toBe(429);
  }, 100_000);
});
