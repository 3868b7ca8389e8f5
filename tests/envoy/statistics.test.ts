// Scenario: callers try to fill the statistics of a real Envoy, which forgets none of them: its admin page stays small, and so
// does its memory. Specified in assembly/telemetry/metrics.ts.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { chat, eventually } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const CONFIGURATION = { rule_name: "r", global_threshold: { token_per_hour: 1 }, redis: REDIS };
const REJECTIONS = 2_048;

describe.skipIf(!isAvailable)("the statistics of stock Envoy", () => {
  let backends: Backends;
  let envoy: Envoy;
  beforeAll(async () => {
    backends = await startBackends();
    envoy = await backends.envoy({ configuration: CONFIGURATION });
    await backends.redis.set("higress-token-ratelimit:r:global_threshold:3600", 2, "EX", 3_600);
  });
  afterAll(() => backends.close());

  /** So many rejected calls, sixteen at a time. */
  async function reject(consumer: (i: number) => string): Promise<void> {
    let next = 0;
    const caller = async (): Promise<void> => {
      for (let i = next++; i < REJECTIONS; i = next++) {
        const response = await chat(envoy.url, 1, { headers: { "x-mse-consumer": consumer(i) } });
        await response.text();
        expect(response.status).toBe(429);
      }
    };
    await Promise.all(Array.from({ length: 16 }, caller));
  }

  const memory = (): number =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${envoy.pid}/status`, "utf8"))?.[1]) / 1024;
  const counted = async (): Promise<number> => {
    const lines = (await envoy.admin("/stats?filter=token_ratelimit_count")).split("\n");
    return lines.reduce((sum, line) => sum + Number(/: (\d+)$/.exec(line)?.[1] ?? 0), 0);
  };

  it("hold no consumer of 50 KB", async () => {
    const before = memory();
    await reject((i) => `${i}-${"x".repeat(50_000)}`);
    await eventually(async () => ((await counted()) === REJECTIONS ? true : undefined));
    const page = await envoy.admin("/stats");
    console.log(`after ${REJECTIONS} consumers of 50 KB: ${page.length} bytes, ${memory() - before} MB more`);
    expect(page.length).toBeLessThan(200_000);
    expect(memory() - before).toBeLessThan(60);
  }, 60_000);

  it("hold consumers of 128 bytes, and all their rejections, in less than a megabyte", async () => {
    const before = memory();
    await reject((i) => `${i}-`.padEnd(128, "x"));
    await eventually(async () => ((await counted()) === 2 * REJECTIONS ? true : undefined));
    const page = await envoy.admin("/stats");
    console.log(
      `after ${REJECTIONS} consumers of 128 bytes: ${page.length} bytes, ${memory() - before} MB more`,
    );
    expect(page.length).toBeLessThan(1_000_000);
    expect(memory() - before).toBeLessThan(30);
  }, 60_000);
});
