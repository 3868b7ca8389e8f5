// Contract: a request asks for at most 512 counters, whose names take at most 256 KiB. So many are checked and charged, in
// whatever form the command is sent; a request that asks for more is refused, and never passes unlimited.
// Specified in README.md, "Limits".
import { describe, expect, it } from "vitest";
import {
  array,
  counter,
  made,
  metric,
  MODULES,
  PAUSE,
  REDIS,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { ENVOY_MODULES, HttpHost } from "./http-host.ts";

const MOST_COUNTERS = 512;
const MOST_BYTES = 256 << 10;
const key = { key: "*", token_per_second: 9, token_per_minute: 9, token_per_hour: 9, token_per_day: 9 };

/** Four counters for each of so many headers. */
const rules = (headers: number): object => ({
  rule_name: "r",
  rule_mode: "all_match",
  rule_items: Array.from({ length: headers }, (_, i) => ({
    limit_by_per_header: `x-${i}`,
    limit_keys: [key],
  })),
  redis: { ...REDIS },
});
const headersOf = (count: number, value: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, value]));

const REFUSAL = {
  code: 400,
  details: "ai-token-ratelimit.ambiguous",
  body: "Bad request: too many values that identify the caller",
  headers: [["content-type", "text/plain"]],
  grpcStatus: -1,
};

describe.each(MODULES)("%s", (_name, file) => {
  it("keeps charges that Redis has not answered in bounded memory, and loses none that fits", async () => {
    const host = await start(file, rules(15));
    const calls = 400;
    for (let i = 0; i < calls; ++i) {
      const id = 2 + i;
      host.request(id, ROOT, headersOf(15, `${i}-`.padEnd(4000, "v")));
      host.reply(ROOT, array(...Array.from({ length: 60 }, () => [null, -2]).flat()), host.pending.at(-1));
      host.responseHeaders(id, { "content-type": "application/json" });
      host.responseBody(id, usageBody(3, 4), true);
      host.end(id);
    }
    const inFlight = host.pending.length;
    expect(inFlight).toBeGreaterThan(60);
    // 16 MiB in flight and 4 MiB waiting, in a memory that grows by doubling. Without a bound it would be 256 MiB.
    expect(host.memoryBytes).toBeLessThan(64 << 20);
    while (host.pending.length > 0) host.reply(ROOT, made(...Array.from({ length: 60 }, () => 7)));
    for (let i = 0; i < 10 && host.tickPeriod > 0; ++i) {
      host.pass(ROOT, 500);
      while (host.pending.length > 0) host.reply(ROOT, made(...Array.from({ length: 60 }, () => 7)));
    }
    expect(host.tickPeriod).toBe(0);
    const charged = Number(metric(host, "charged_tokens"));
    expect(charged).toBeGreaterThan(7 * (inFlight + 10));
    expect(charged + Number(metric(host, "lost_tokens"))).toBe(7 * calls);
  });

  it("checks and charges 512 counters", async () => {
    const host = await start(file, rules(128));
    host.request(2, ROOT, headersOf(128, "v"));
    const values = (last: string): (string | number)[] =>
      Array.from({ length: MOST_COUNTERS }, (_, i) => [i + 1 < MOST_COUNTERS ? "0" : last, 1000]).flat();
    host.reply(ROOT, array(...values("10")));
    expect(host.streams.get(2)!.localResponse?.code).toBe(429);
    host.end(2);

    host.request(3, ROOT, headersOf(128, "v"));
    host.reply(ROOT, array(...values("9")));
    expect(host.streams.get(3)!.continued).toBe(1);
    host.responseHeaders(3, { "content-type": "application/json" });
    host.responseBody(3, usageBody(3, 4), true);
    expect(Number(host.pending[0]!.args[2])).toBe(MOST_COUNTERS + 1);
    host.reply(ROOT, made(...Array.from({ length: MOST_COUNTERS }, () => 7)));
    host.end(3);
    expect([metric(host, "lost_tokens"), metric(host, "charged_tokens")]).toEqual([0, 7]);
  });

  it.each([
    ["more than 512 counters", 129, "v"],
    ["counters whose names take more than 256 KiB", 20, "v".repeat(4000)],
    ["more of both", 400, "v".repeat(1000)],
  ])("refuses a request for %s before Redis is asked", async (_what, count, value) => {
    const host = await start(file, rules(count));
    for (let id = 2; id < 5; ++id) {
      expect(host.request(id, ROOT, headersOf(count, value)).action).toBe(PAUSE);
      expect(host.streams.get(id)!.localResponse).toEqual(REFUSAL);
      expect(host.pending).toEqual([]);
      host.end(id);
    }
    expect(metric(host, "ambiguous_requests")).toBe(3);
    expect(host.pending).toEqual([]);

    host.request(9, ROOT, { "x-0": "v" });
    host.reply(ROOT, array("0", 1, "0", 1, "0", 1, "10", 1));
    expect(host.streams.get(9)!.localResponse?.code).toBe(429);
  });

  it("charges a counter only once if many rules lead to it", async () => {
    const item = { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 9 }] };
    const host = await start(file, {
      ...rules(0),
      rule_items: Array.from({ length: 600 }, () => item),
    });
    host.request(2, ROOT, { "x-api-key": "v".repeat(4000) });
    host.reply(ROOT, counter(10));
    expect(host.streams.get(2)!.localResponse?.code).toBe(429);
  });
});

describe.each(ENVOY_MODULES)("%s, over HTTP", (_name, file) => {
  it("sends the largest commands that a request may cause, even with the text of the script", async () => {
    const host = await HttpHost.load(file);
    host.clusters.add("outbound|6379||redis.dns");
    expect(host.configure(ROOT, rules(128))).toBe(true);
    const sizeOf = (args: string[]): number =>
      args.slice(3, 3 + MOST_COUNTERS).reduce((sum, name) => sum + name.length, 0);
    // One byte of each value first; then as many as fit, each of which takes three bytes in the command.
    host.request(2, ROOT, headersOf(128, "/"));
    const room = Math.floor((MOST_BYTES - sizeOf(host.calls[0]!.command.args)) / MOST_COUNTERS);
    host.respond(ROOT, 503);
    host.end(2);

    const noScript = (): void => host.respond(ROOT, 200, '{"EVALSHA":[false,"NOSCRIPT no script"]}');
    host.request(3, ROOT, headersOf(128, "/".repeat(1 + room)));
    expect(sizeOf(host.calls[0]!.command.args)).toBeGreaterThan(MOST_BYTES - MOST_COUNTERS);
    noScript();
    expect(host.calls[0]!.command.args[0]).toBe("EVAL");
    host.respond(
      ROOT,
      200,
      JSON.stringify({ EVAL: Array.from({ length: MOST_COUNTERS }, () => ["9", 1000]).flat() }),
    );
    expect(host.streams.get(3)!.continued).toBe(1);
    host.responseHeaders(3, { "content-type": "application/json" });
    host.responseBody(3, usageBody(3, 4), true);
    noScript();
    expect(host.calls[0]!.command.args[0]).toBe("EVAL");
    host.respond(
      ROOT,
      200,
      JSON.stringify({ EVAL: [1000, ...Array.from({ length: MOST_COUNTERS }, () => 7)] }),
    );
    expect(metric(host, "charged_tokens")).toBe(7);
    host.end(3);

    const stream = host.request(4, ROOT, headersOf(128, "/".repeat(2 + room)));
    expect(stream.localResponse).toEqual(REFUSAL);
    expect(host.calls).toEqual([]);
  });
});
