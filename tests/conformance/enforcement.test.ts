// Contract: `shadow` counts and denies nothing; `on_redis_error: deny` denies what cannot be checked; `on_limit: header` marks
// calls above a limit and lets them pass; `warn_at` warns before. Specified in README, "How strictly limits apply". How a host
// routes by the mark: tests/envoy/diversion.test.ts.
import { describe, expect, it } from "vitest";
import {
  array,
  CONTINUE,
  counter,
  made,
  metric,
  MODULES,
  PAUSE,
  PER_KEY,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { held, holdOf, LAPSES_AT_MS } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

const RULE = "rule_items[0].limit_keys[0]";
const MARK = "x-ratelimit-exceeded";
const WARNING = "x-ratelimit-warning";
const ABOVE = counter(101);
const ITEM = PER_KEY.rule_items[0]!;
/** A limit for everybody, and the one for each key: on their counters, in this order. */
const both = (more: object, ofItem: object = {}): object => ({
  ...PER_KEY,
  rule_mode: "all_match",
  global_threshold: { token_per_hour: 1000 },
  rule_items: [{ ...ITEM, ...ofItem }],
  ...more,
});

describe.each(MODULES)("%s", (_name, file) => {
  function check(host: StrictHost, reply: string | null, { id = 2, headers = {} } = {}) {
    const stream = host.request(id, ROOT, { "x-api-key": "alice", ...headers });
    expect(stream.action).toBe(PAUSE);
    host.reply(ROOT, reply);
    return stream;
  }
  const status = (host: StrictHost): string | undefined => host.properties.get("ai_log");
  const told = (host: StrictHost, id = 2): Record<string, string> => {
    host.responseHeaders(id, { ":status": "200", "content-type": "application/json" });
    return host.streams.get(id)!.response as Record<string, string>;
  };
  const settled = (host: StrictHost, id = 2): number => {
    host.responseBody(id, usageBody(6, 4), true);
    const sent = host.pending.length;
    if (sent > 0) host.reply(ROOT, made(10));
    host.end(id);
    return sent;
  };

  describe("shadow", () => {
    it.each([
      ["a configuration", { ...PER_KEY, shadow: true }],
      ["a rule item", { ...PER_KEY, rule_items: [{ ...ITEM, shadow: true }] }],
    ])(
      "of %s denies nothing, charges everything, and says what it would have denied",
      async (_what, config) => {
        const host = await start(file, config);
        host.logLevel = 1;
        const stream = check(host, ABOVE);
        expect([stream.continued, stream.localResponse]).toEqual([1, null]);
        expect(metric(host, "would_deny_requests")).toBe(1);
        expect([...host.metrics.keys()].filter((name) => name.includes("token_ratelimit_count"))).toEqual([]);
        expect(status(host)).toBe(String.raw`{\"token_ratelimit_status\":\"would_deny\"}`);
        expect(host.logs).toContainEqual({ level: 1, text: `[ai-token-ratelimit] would deny: ${RULE}` });
        told(host);
        expect(settled(host)).toBe(1);
      },
    );

    it("says nothing of calls that are within the limit", async () => {
      const host = await start(file, { ...PER_KEY, shadow: true });
      check(host, counter(100));
      expect([metric(host, "would_deny_requests"), status(host)]).toEqual([0, undefined]);
    });

    it("leaves the limits of others as they are", async () => {
      const host = await start(file, both({}, { shadow: true }));
      expect(check(host, array("1", 1000, "101", 1000)).continued).toBe(1);
      expect(metric(host, "would_deny_requests")).toBe(1);
      const denied = check(host, array("1001", 9_000, "101", 1000), { id: 3 });
      expect(denied.localResponse).toMatchObject({ code: 429 });
      expect(Object.fromEntries(denied.localResponse!.headers)).toMatchObject({ "Retry-After": "9" });
      expect(metric(host, "would_deny_requests")).toBe(1);
    });

    it("of a configuration yields to that of an item", async () => {
      const host = await start(file, both({ shadow: true }, { shadow: false }));
      expect(check(host, array("1001", 1000, "1", 1000)).continued).toBe(1);
      expect(check(host, array("1", 1000, "101", 1000), { id: 3 }).localResponse).toMatchObject({
        code: 429,
      });
    });

    it("yields to a rule that shares its counter, whichever is first and has the lower limit", async () => {
      const keys = (limit: number) => ({ limit_keys: [{ key: "*", token_per_minute: limit }] });
      const item = (limit: number, shadow: boolean) => ({
        limit_by_per_header: "x-api-key",
        ...keys(limit),
        shadow,
      });
      for (const items of [
        [item(50, true), item(100, false)],
        [item(100, false), item(50, true)],
        [item(200, true), item(100, false)],
      ]) {
        const host = await start(file, { ...PER_KEY, rule_mode: "all_match", rule_items: items });
        expect(check(host, counter(100)).continued).toBe(1);
        expect(check(host, ABOVE, { id: 3 }).localResponse).toMatchObject({ code: 429 });
        expect(metric(host, "would_deny_requests")).toBe(0);
      }
    });

    it("reserves without a say, and clamps nothing", async () => {
      const reservation = { mode: "clamp", default_output_tokens: 64 };
      const host = await start(file, { ...PER_KEY, shadow: true, reservation });
      const stream = host.request(2, ROOT, { "x-api-key": "alice" }, false);
      const body = JSON.stringify({ messages: [] });
      host.requestBody(2, body, true);
      const hold = holdOf(host.pending[0]!);
      expect(hold).toMatchObject({ limits: [60, -100], output: 64, readings: true });
      host.reply(ROOT, array("95", 5_000, "10", "64", String(LAPSES_AT_MS), "0", "held"));
      expect(stream.continued).toBe(1);
      expect(Buffer.from(stream.toServer).toString()).toBe(body);
      expect(metric(host, "would_deny_requests")).toBe(1);
    });

    it("does not clamp what another rule clamps", async () => {
      const reservation = { mode: "clamp" };
      const host = await start(file, both({ reservation }, { shadow: true }));
      host.request(2, ROOT, { "x-api-key": "alice" }, false);
      host.requestBody(2, JSON.stringify({ messages: [], max_tokens: 50 }), true);
      expect(holdOf(host.pending[0]!).limits).toEqual([3600, 1000, 60, -100]);
      host.reply(ROOT, array(null, -2, "0", "200", 9_000, "0", "30", String(LAPSES_AT_MS), "0", "held"));
      expect(metric(host, "would_deny_requests")).toBe(1);
      expect(JSON.parse(Buffer.from(host.streams.get(2)!.toServer).toString())).toMatchObject({
        max_tokens: 30,
      });
    });

    it("refuses nobody for a missing value, but a caller who is ambiguous", async () => {
      const shadow = { ...ITEM, on_missing: "reject", shadow: true };
      const host = await start(file, { ...PER_KEY, rule_items: [shadow] });
      expect(host.request(2, ROOT, {}).action).toBe(CONTINUE);
      const twice = host.request(3, ROOT, { "x-api-key": ["a", "b"] });
      expect(twice.localResponse).toMatchObject({ code: 400 });
    });

    it("is not shown in limit headers, and warns nobody", async () => {
      const more = { limit_headers: "openai", warn_at: 0.5 };
      const host = await start(file, both(more, { shadow: true }));
      check(host, array("10", 1000, "99", 1000));
      expect(told(host)).toMatchObject({ "x-ratelimit-limit-tokens": "1000" });
      const alone = await start(file, { ...PER_KEY, ...more, shadow: true });
      check(alone, ABOVE);
      expect(Object.keys(told(alone)).filter((name) => name.includes("limit"))).toEqual([]);
    });
  });

  describe("on_redis_error", () => {
    const ERROR = "-ERR x\r\n";
    it.each<[string, object, number]>([
      ["a configuration", { ...PER_KEY, on_redis_error: "deny" }, 503],
      ["a rule item", { ...PER_KEY, rule_items: [{ ...ITEM, on_redis_error: "deny" }] }, 503],
      [
        "an item against its configuration",
        { ...PER_KEY, on_redis_error: "deny", rule_items: [{ ...ITEM, on_redis_error: "allow" }] },
        0,
      ],
      ["any of several", both({}, { on_redis_error: "deny" }), 503],
      ["none, as published", PER_KEY, 0],
      ["a shadow", { ...PER_KEY, on_redis_error: "deny", shadow: true }, 0],
    ])("of %s: %o answers %s", async (_what, config, code) => {
      for (const reply of [null, ERROR]) {
        const host = await start(file, config);
        const { localResponse } = check(host, reply);
        expect(localResponse?.code ?? 0).toBe(code);
        expect(metric(host, "denied_unchecked_requests")).toBe(code > 0 ? 1 : 0);
        expect(metric(host, "unchecked_requests")).toBe(code > 0 ? 0 : 1);
        if (code === 0) continue;
        expect(localResponse).toMatchObject({
          details: "ai-token-ratelimit.unavailable",
          body: "Limits cannot be checked at the moment",
        });
        expect(status(host)).toBeUndefined();
        expect([...host.metrics.keys()].filter((name) => name.includes("token_ratelimit_count"))).toEqual([]);
      }
    });

    it.each<[string, unknown]>([
      ["openai", { error: { type: "server_error", code: "service_unavailable" } }],
      ["anthropic", { type: "error", error: { type: "api_error" } }],
      ["gemini", { error: { code: 503, status: "UNAVAILABLE", details: [] } }],
      ["problem", { status: 503, type: expect.stringContaining("#temporary-reduced-capacity") as string }],
    ])("answers in the form of %s", async (rejected_format, body) => {
      const host = await start(file, { ...PER_KEY, on_redis_error: "deny", rejected_format });
      const answer = check(host, null).localResponse!;
      expect(JSON.parse(answer.body)).toMatchObject(body as object);
      expect(answer.body).toContain("Limits cannot be checked at the moment");
    });

    it("takes back a reservation that may have been made", async () => {
      const reservation = { mode: "estimate" };
      const host = await start(file, { ...PER_KEY, on_redis_error: "deny", reservation });
      host.request(2, ROOT, { "x-api-key": "alice" }, false);
      host.requestBody(2, "{}", true);
      host.reply(ROOT, null);
      expect(host.streams.get(2)!.localResponse).toMatchObject({ code: 503 });
      expect(host.pending).toHaveLength(1);
    });
  });

  describe("on_limit: header", () => {
    const DIVERTS = { ...PER_KEY, on_limit: "header" };

    it("marks a call above a limit, lets the host choose its route anew, and charges it", async () => {
      const host = await start(file, DIVERTS);
      const stream = check(host, ABOVE);
      expect([stream.continued, stream.localResponse]).toEqual([1, null]);
      expect(stream.forwarded).toMatchObject({ [MARK]: RULE });
      expect(host.properties.has("clear_route_cache")).toBe(false);
      expect(metric(host, "diverted_requests")).toBe(1);
      expect([...host.metrics.keys()].filter((name) => name.includes("token_ratelimit_count"))).toEqual([]);
      expect(status(host)).toBe(String.raw`{\"token_ratelimit_status\":\"diverted\"}`);
      told(host);
      expect(settled(host)).toBe(1);
    });

    it("marks no other calls, and tells what is left as always", async () => {
      const host = await start(file, { ...DIVERTS, limit_headers: "openai" });
      expect(check(host, counter(100)).forwarded).not.toHaveProperty(MARK);
      expect(told(host)).toMatchObject({ "x-ratelimit-remaining-tokens": "0" });
      check(host, ABOVE, { id: 3 });
      expect(told(host, 3)).toMatchObject({ "x-ratelimit-remaining-tokens": "0" });
    });

    it("takes the mark from clients, whatever becomes of their calls", async () => {
      const host = await start(file, DIVERTS);
      for (const [id, value] of [
        [2, RULE],
        [3, ""],
      ] as const) {
        const stream = check(host, counter(1), { id, headers: { [MARK]: value } });
        expect(stream.continued).toBe(1);
        expect(stream.forwarded).not.toHaveProperty(MARK);
      }
      const unlimited = host.request(4, ROOT, { [MARK]: "x" });
      expect([unlimited.action, unlimited.request?.[MARK]]).toEqual([CONTINUE, undefined]);
    });

    it("refuses a client's mark where it may have chosen the configuration", async () => {
      const rule = { ...DIVERTS, _match_route_: ["dear"] };
      const host = await start(file, { _rules_: [rule] });
      host.properties.set("route_name", "cheap");
      const refused = host.request(2, ROOT, { [MARK]: "x" });
      expect(refused.localResponse).toMatchObject({ code: 400, details: "ai-token-ratelimit.marked" });
      expect(host.request(3, ROOT, {}).action).toBe(CONTINUE);
      host.pass(ROOT, 500);
      expect(metric(host, "refused_marked_requests")).toBe(1);
    });

    it("rejects a call whose headers have gone ahead", async () => {
      const host = await start(file, DIVERTS);
      const stream = host.request(2, ROOT, { "x-api-key": "alice" });
      stream.request = null;
      host.reply(ROOT, ABOVE);
      expect(stream.localResponse).toMatchObject({ code: 429 });
      expect(metric(host, "diverted_requests")).toBe(0);
    });

    it("lets a call pass for which nothing could be reserved, and reserves nothing", async () => {
      const host = await start(file, { ...DIVERTS, reservation: { mode: "clamp" } });
      const stream = host.request(2, ROOT, { "x-api-key": "alice" }, false);
      const body = JSON.stringify({ messages: [], max_tokens: 50 });
      host.requestBody(2, body, true);
      host.reply(ROOT, held(-1, 95));
      expect(stream.continued).toBe(1);
      expect(stream.forwarded).toMatchObject({ [MARK]: RULE });
      expect(Buffer.from(stream.toServer).toString()).toBe(body);
      told(host);
      expect(settled(host)).toBe(1);
    });
  });

  describe("warn_at", () => {
    it.each([
      [79, false],
      [80, true],
      [100, true],
    ])("a counter at %s of 100 is warned of: %s", async (used, isWarned) => {
      const host = await start(file, { ...PER_KEY, warn_at: 0.8 });
      check(host, counter(used));
      expect(metric(host, "warned_requests")).toBe(isWarned ? 1 : 0);
      expect(told(host)[WARNING]).toBe(isWarned ? RULE : undefined);
    });

    it("warns of the limit with the smallest share left, and of reserved tokens", async () => {
      const host = await start(file, both({ warn_at: 0.9, reservation: { mode: "estimate" } }));
      host.request(2, ROOT, { "x-api-key": "alice" }, false);
      host.requestBody(2, JSON.stringify({ messages: [], max_tokens: 100 }), true);
      const { input } = holdOf(host.pending[0]!);
      host.reply(
        ROOT,
        array(String(800 - input), 1000, "0", "0", 1000, "0", "100", String(LAPSES_AT_MS), "0", "held"),
      );
      expect(told(host)[WARNING]).toBe(RULE);
      expect(metric(host, "warned_requests")).toBe(1);
    });

    it("warns nobody whose limit was not read, or who is rejected", async () => {
      const host = await start(file, { ...PER_KEY, warn_at: 0.8 });
      check(host, "-ERR x\r\n");
      expect(told(host)[WARNING]).toBeUndefined();
      expect(check(host, ABOVE, { id: 3 }).localResponse).toMatchObject({ code: 429 });
      expect(metric(host, "warned_requests")).toBe(0);
    });
  });
});
