// Contract: what the metrics of the filter count, and when the host is told. Specified in docs/observability.md.
import { describe, expect, it } from "vitest";
import {
  array,
  counter,
  made,
  MADE_BEFORE,
  metric,
  MODULES,
  PER_KEY,
  play,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { held, holdOf, LAPSES_AT_MS } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

const RESERVING = { ...PER_KEY, reservation: { mode: "estimate" } };

describe.each(MODULES)("%s", (_name, file) => {
  /** A call that asks for 20 tokens of output. Returns its hold. */
  function reserve(host: StrictHost, id = 2): ReturnType<typeof holdOf> {
    host.request(id, ROOT, { "x-api-key": "k", ":path": "/v1/chat/completions" }, false);
    host.requestBody(id, JSON.stringify({ model: "m", messages: [], max_tokens: 20 }), true);
    return holdOf(host.pending[0]!);
  }

  it("counts tokens that are reserved, and those that calls are charged in their place", async () => {
    const host = await start(file, RESERVING);
    const { input } = reserve(host);
    host.reply(ROOT, held(20));
    host.pass(ROOT, 500);
    expect(metric(host, "reserved_tokens")).toBe(input + 20);
    expect(metric(host, "settled_tokens")).toBe(0);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(3, 4), true);
    host.reply(ROOT, made(7));
    host.pass(ROOT, 500);
    expect(metric(host, "settled_tokens")).toBe(7);
  });

  it("counts as reserved or settled nothing of a call that is denied, or reserves nothing", async () => {
    const host = await start(file, RESERVING);
    reserve(host);
    host.reply(ROOT, held(-1, 100));
    host.pass(ROOT, 500);
    expect(metric(host, "reserved_tokens")).toBe(0);
    const other = await start(file, PER_KEY);
    other.request(2, ROOT, { "x-api-key": "k" });
    other.reply(ROOT, array("0", -2));
    other.responseHeaders(2, { "content-type": "application/json" });
    other.responseBody(2, usageBody(3, 4), true);
    other.reply(ROOT, made(7));
    other.pass(ROOT, 500);
    expect(metric(other, "charged_tokens")).toBe(7);
    expect(metric(other, "settled_tokens")).toBe(0);
  });

  it.each([
    ["charge", "lapsed_charged_tokens", "lapsed_released_tokens"],
    ["release", "lapsed_released_tokens", "lapsed_charged_tokens"],
  ])(
    "counts what has lapsed with on_lapse: %s, whatever becomes of the call",
    async (on_lapse, grows, stays) => {
      const host = await start(file, { ...PER_KEY, reservation: { mode: "estimate", on_lapse } });
      reserve(host);
      host.reply(ROOT, array("20", String(LAPSES_AT_MS), "0", "30", "held"));
      reserve(host, 3);
      host.reply(ROOT, array("100", 30_000, "0", "40", null));
      host.pass(ROOT, 500);
      expect(metric(host, grows)).toBe(70);
      expect(metric(host, stays)).toBe(0);
      expect(host.streams.get(2)!.localResponse).toBeNull();
      expect(host.streams.get(3)!.localResponse?.code).toBe(429);
    },
  );

  describe("gauges", () => {
    /** A call whose charge gets no answer, because Redis is down. */
    function lose(host: StrictHost, id = 2): void {
      host.request(id, ROOT, { "x-api-key": "k" });
      host.reply(ROOT, counter(0));
      host.responseHeaders(id, { "content-type": "application/json" });
      host.responseBody(id, usageBody(3, 4), true);
      host.reply(ROOT, null);
    }

    it("show that Redis does not answer, and what waits for it, as long as that is so", async () => {
      const host = await start(file, PER_KEY);
      const told: string[] = [];
      host.onIncrement = (name) => told.push(name);
      lose(host);
      host.pass(ROOT, 500);
      expect(metric(host, "open_breakers")).toBe(1);
      expect(metric(host, "outbox_bytes")).toBeGreaterThan(100);
      host.pass(ROOT, 400);
      expect(told.filter((name) => /breakers|outbox/.test(name))).toHaveLength(2);
      host.pass(ROOT, 1_000);
      host.reply(ROOT, MADE_BEFORE);
      host.pass(ROOT, 500);
      expect(metric(host, "open_breakers")).toBe(0);
      expect(metric(host, "outbox_bytes")).toBe(0);
      expect(host.tickPeriod).toBe(0);
    });

    it("add up over the workers that share them, and lose the share of one that goes", async () => {
      const host = await start(file, PER_KEY);
      lose(host);
      host.pass(ROOT, 500);
      const others = 3n;
      host.gauges.set("ai_token_ratelimit.open_breakers", 1n + others);
      host.onRedisCall = (command) => host.reply(ROOT, null, command);
      host.done(ROOT);
      host.pass(ROOT, 130_000);
      expect(host.deletedRoots).toEqual([ROOT]);
      host.guest.proxy_on_delete(ROOT);
      expect(metric(host, "open_breakers")).toBe(3);
      expect(metric(host, "outbox_bytes")).toBe(0);
    });

    it("tell configurations apart, and nothing of their secrets", async () => {
      const host = await start(file);
      host.configure(ROOT, PER_KEY);
      const hash = metric(host, "configuration_hash");
      expect(hash).toBeGreaterThan(0);
      host.configure(ROOT, { ...PER_KEY, rule_name: "other" });
      const other = metric(host, "configuration_hash");
      expect(other).not.toBe(hash);
      expect(host.configure(ROOT, { rule_name: "refused" })).toBe(false);
      expect(metric(host, "configuration_hash")).toBe(other);
      host.configure(ROOT, PER_KEY);
      expect(metric(host, "configuration_hash")).toBe(hash);
      expect(Math.max(hash, other)).toBeLessThan(1 << 16);
    });
  });

  it("counts requests that are refused by cause, and records why", async () => {
    const [item] = PER_KEY.rule_items;
    const host = await start(file, { ...PER_KEY, rule_items: [{ ...item, on_missing: "reject" }] });
    host.logLevel = 1;
    host.request(2, ROOT, {});
    host.request(3, ROOT, { "x-api-key": ["a", "b"] });
    host.pass(ROOT, 500);
    expect(metric(host, "refused_unidentified_requests")).toBe(1);
    expect(metric(host, "ambiguous_requests")).toBe(1);
    const records = host.lines(1).filter((line) => line.includes("decision {"));
    expect(records).toEqual([
      expect.stringContaining('{"outcome":"refused","why":"ai-token-ratelimit.unidentified"}'),
      expect.stringContaining('{"outcome":"refused","why":"ai-token-ratelimit.ambiguous"}'),
    ]);
  });

  describe("of each limit", () => {
    const named = (limit: string, what: string, rule = "r"): string =>
      `route.${rule}.upstream.${limit}.model.none.consumer.none.metric.token_ratelimit_${what}`;
    const FIRST = "rule_items[0].limit_keys[0]";
    const keys = (...limits: object[]): object => ({ limit_by_header: "x-api-key", limit_keys: limits });

    it("tell the tokens that are charged, the limit, and the highest share of it that a counter has used", async () => {
      const limit = { token_per_minute: 100, token_per_day: 1000 };
      const item = { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", ...limit }] };
      const host = await start(file, { ...PER_KEY, rule_items: [item] });
      let id = 2;
      const call = (used: number): void => {
        host.request(id, ROOT, { "x-api-key": `k${id}` });
        host.reply(ROOT, array("0", -2, "0", -2));
        host.responseHeaders(id, { "content-type": "application/json" });
        host.responseBody(id, usageBody(3, 4), true);
        host.reply(ROOT, made(used, used));
        host.end(id++);
      };
      call(60);
      call(90);
      call(7);
      expect([...host.metrics.keys()].filter((name) => name.startsWith("route."))).toEqual([]);
      host.pass(ROOT, 500);
      for (const [seconds, capacity, share] of [
        [60, 100, 90],
        [86_400, 1000, 9],
      ] as const) {
        const window = `${FIRST}/${seconds}s`;
        expect(Number(host.metrics.get(named(window, "charged")))).toBe(21);
        expect(Number(host.gauges.get(named(window, "limit")))).toBe(capacity);
        expect(host.records.get(named(window, "used_percent"))).toEqual([share]);
      }
      call(20);
      host.pass(ROOT, 1_000);
      expect(host.records.get(named(`${FIRST}/60s`, "used_percent"))).toEqual([90, 20]);
      expect([...host.metrics.keys()].join()).not.toMatch(/k\d/);
    });

    it("are told of 32 at most, and begin anew with each configuration", async () => {
      const limits = Array.from({ length: 40 }, (_, i) => ({ key: `k${i}`, token_per_minute: 100 }));
      const host = await start(file, { ...PER_KEY, rule_items: [keys(...limits)] });
      const names = (): string[] => [...host.metrics.keys()].filter((name) => /ratelimit_charged/.test(name));
      for (let i = 0; i < 40; ++i) play(host, 2 + i, `k${i}`);
      host.pass(ROOT, 500);
      expect(names()).toHaveLength(32);
      host.configure(ROOT, { ...PER_KEY, rule_name: "s\u00e9", rule_items: [keys(limits[0]!)] });
      play(host, 50, "k0");
      host.pass(ROOT, 500);
      expect(names()).toHaveLength(33);
      expect(host.metrics.get(named(`${FIRST}/60s`, "charged", "other"))).toBe(7n);
    });

    it("show a limit that was changed", async () => {
      const host = await start(file, PER_KEY);
      play(host, 2, "a");
      host.pass(ROOT, 500);
      const item = { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 50 }] };
      host.configure(ROOT, { ...PER_KEY, rule_items: [item] });
      play(host, 3, "a");
      host.pass(ROOT, 500);
      expect(host.gauges.get(named(`${FIRST}/60s`, "limit"))).toBe(50n);
      expect(host.metrics.get(named(`${FIRST}/60s`, "charged"))).toBe(14n);
    });
  });
});
