// Contract: memory is flat: what a request needs is given back, so that a worker can serve for months.
// Specified in ARCHITECTURE.md, "Memory and traps".
import { describe, expect, it } from "vitest";
import { counter, made, MODULES, PER_KEY, play, ROOT, start, usageBody } from "../support/filter.ts";

const REQUESTS = 100_000;

describe.each(MODULES.slice(0, 1))("%s", (_name, file) => {
  it(`stays below 1 MB and does not grow over ${REQUESTS} requests`, async () => {
    const host = await start(file, PER_KEY);
    for (let id = 2; id < 2_000; ++id) play(host, id, `key-${id % 50}`);
    const warm = host.memoryBytes;
    for (let id = 2_000; id < REQUESTS; ++id) play(host, id, `key-${id % 50}`);
    console.log(`memory after ${REQUESTS} requests: ${(host.memoryBytes / 1024).toFixed(0)} KiB`);
    expect(host.memoryBytes).toBe(warm);
    expect(host.memoryBytes).toBeLessThan(1 << 20);
  });

  it("is given back by many calls at once, which need more readers than are kept", async () => {
    const host = await start(file, PER_KEY);
    const burst = (first: number): void => {
      const ids = Array.from({ length: 200 }, (_, i) => first + i);
      for (const id of ids) {
        host.request(id, ROOT, { "x-api-key": "a" }, false);
        host.reply(ROOT, counter(0));
        host.requestBody(id, '{"messages":[{"content":"hello');
        host.responseHeaders(id, { "content-type": "application/json" });
        host.responseBody(id, usageBody(3, 4).slice(0, 50));
      }
      for (const id of ids) host.end(id);
      while (host.pending.length > 0) host.reply(ROOT, made(7));
    };
    for (let i = 0; i < 20; ++i) burst(2 + 200 * i);
    const warm = host.memoryBytes;
    for (let i = 20; i < 200; ++i) burst(2 + 200 * i);
    expect(host.memoryBytes).toBe(warm);
  });

  it("holds a bounded number of rejection counters, whatever names clients send, and counts every rejection", async () => {
    const host = await start(file, PER_KEY);
    const rejections = 9_000;
    for (let i = 0; i < rejections; ++i) {
      const id = 2 + i;
      if (i >= 3_000) host.properties.set("cluster_name", `cluster-${i}`);
      host.request(id, ROOT, { "x-api-key": "a", "x-mse-consumer": `consumer-${i}` });
      host.reply(ROOT, counter(101));
      host.end(id);
    }
    const counts = [...host.metrics].filter(([name]) => name.endsWith(".token_ratelimit_count"));
    expect(counts).toHaveLength(2 * 2048 + 1);
    expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(rejections);
    expect(counts.at(-1)![0]).toBe(
      "route.other.upstream.other.model.none.consumer.other.metric.token_ratelimit_count",
    );
  });

  it("is not taken by consumers of 50 KB, which are counted together", async () => {
    const host = await start(file, PER_KEY);
    for (let i = 0; i < 2_048; ++i) {
      host.request(2 + i, ROOT, { "x-api-key": "a", "x-mse-consumer": `${i}-${"x".repeat(50_000)}` });
      host.reply(ROOT, counter(101));
      host.end(2 + i);
    }
    expect(Object.fromEntries(host.metrics)).toEqual({
      "route.-.upstream.-.model.none.consumer.other.metric.token_ratelimit_count": 2_048n,
    });
    expect(host.memoryBytes).toBeLessThanOrEqual(1 << 20);
  });

  it("is bounded in bytes whatever the parts of rejection counters are, and however long", async () => {
    const host = await start(file, PER_KEY);
    const longest = (name: string): string => name.padEnd(128, "x");
    for (let i = 0; i < 5_000; ++i) {
      host.properties
        .set("route_name", longest("route"))
        .set("cluster_name", longest(`cluster-${i % 2_100}`));
      host.request(2 + i, ROOT, { "x-api-key": "a", "x-mse-consumer": longest(`consumer-${i}`) });
      host.reply(ROOT, counter(101));
      host.end(2 + i);
    }
    const names = [...host.metrics.keys()];
    expect(Math.max(...names.map((name) => name.length))).toBe(450);
    expect(names.join("\n").length).toBeLessThan(800_000);
    expect(names).toContain(
      "route.other.upstream.other.model.none.consumer.other.metric.token_ratelimit_count",
    );
    expect([...host.metrics.values()].reduce((sum, count) => sum + Number(count), 0)).toBe(5_000);
    expect(host.memoryBytes).toBeLessThanOrEqual(8 << 20);
  });

  it("is given back by rejections with log attributes of other plugins", async () => {
    const host = await start(file, PER_KEY);
    host.properties.set("ai_log", JSON.stringify(JSON.stringify({ model: "m".repeat(100) })).slice(1, -1));
    for (let id = 2; id < 20_000; ++id) {
      host.request(id, ROOT, { "x-api-key": "a" });
      host.reply(ROOT, counter(101));
      host.end(id);
    }
    expect(host.memoryBytes).toBeLessThan(1 << 20);
  });

  it("is never taken from a callback that is still running, when the host answers in the middle of it", async () => {
    const host = await start(file, PER_KEY);
    host.onRedisCall = (command) => {
      const isCharge = command.args.length > 6;
      host.reply(ROOT, isCharge ? made(7) : counter(command.token % 3 === 0 ? 101 : 0), command);
    };
    let admitted = 0n;
    for (let id = 2; id < 20_000; ++id) {
      const key = `key-${id}-${"x".repeat(id % 50)}`;
      const stream = host.request(id, ROOT, { "x-api-key": key });
      if (stream.localResponse === null) {
        admitted++;
        host.responseHeaders(id, { "content-type": "application/json" });
        host.responseBody(id, usageBody(3, 4), true);
      }
      host.end(id);
    }
    expect(host.metrics.get("ai_token_ratelimit.charged_tokens")).toBe(7n * admitted);
    expect(host.lines(3)).toEqual([]);
  });

  it("is given back by rejected, unchecked, failed, abandoned and unmatched requests too", async () => {
    const host = await start(file, PER_KEY);
    const round = (id: number): void => {
      const headers = { "x-api-key": `key-${id % 7}` };
      switch (id % 5) {
        case 0:
          host.request(id, ROOT, headers);
          host.reply(ROOT, counter(101));
          break;
        case 1:
          host.request(id, ROOT, headers);
          host.reply(ROOT, null);
          break;
        case 2:
          host.request(id, ROOT, {});
          break;
        case 3:
          host.request(id, ROOT, headers);
          host.reply(ROOT, counter(0));
          host.responseHeaders(id, { "content-type": "application/json" });
          host.responseBody(id, usageBody(3, 4).repeat(20), true);
          host.reply(ROOT, made(7));
          break;
        case 4:
          host.request(id, ROOT, headers);
          host.end(id);
          host.reply(ROOT, counter(0));
          return;
      }
      host.end(id);
      host.logs.length = 0;
    };
    for (let id = 2; id < 5_000; ++id) round(id);
    const warm = host.memoryBytes;
    for (let id = 5_000; id < 40_000; ++id) round(id);
    expect(host.memoryBytes).toBe(warm);
  });
});
