// Contract: what became of a call, and why, is told in a log at level debug, in filter state (`decision_log`), and to clients that
// know a secret (`debug`); never with a value of a caller. Fields: docs/observability.md.
import { describe, expect, it } from "vitest";
import {
  CONTINUE,
  array,
  counter,
  made,
  MODULES,
  PER_KEY,
  REDIS,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { holdOf, LAPSES_AT_MS } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

const DEBUG = 1;
const INFO = 2;
const JSON_TYPE = { "content-type": "application/json" };
const SECRET = "0123456789abcdef";
const ASKING = { ...PER_KEY, debug: { header: "x-why", secret: SECRET } };
const KEY = "sk-very-secret";

const records = (host: StrictHost): Record<string, unknown>[] =>
  host.logs
    .map(({ text }) => /^\[ai-token-ratelimit\] decision (\{.*\})$/.exec(text)?.[1])
    .filter((json) => json !== undefined)
    .map((json) => JSON.parse(json) as Record<string, unknown>);

function finish(host: StrictHost, id: number): void {
  host.responseHeaders(id, JSON_TYPE);
  host.responseBody(id, usageBody(3, 4), true);
  host.reply(ROOT, made(107));
  host.end(id);
}

const WINDOW = {
  rule: "rule_items[0].limit_keys[0]",
  kind: "fixed_window",
  seconds: 60,
  unit: "tokens",
  limit: 100,
  used: 40,
  held: 0,
  remaining: 60,
  reset_seconds: 30,
};

describe.each(MODULES)("%s", (_name, file) => {
  it("logs each call when it is decided, and once more when it has ended", async () => {
    const host = await start(file, PER_KEY);
    host.logLevel = DEBUG;
    host.request(2, ROOT, { "x-api-key": KEY });
    host.now += 5;
    host.reply(ROOT, counter(40));
    const decided = {
      outcome: "allowed",
      caller: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      windows: [WINDOW],
      redis_ms: 5,
    };
    expect(records(host)).toEqual([decided]);
    finish(host, 2);
    expect(records(host)).toEqual([
      decided,
      {
        ...decided,
        actual: { input: 3, cached_input: 0, cache_write: 0, output: 4, reasoning: 0 },
        charged: 7,
      },
    ]);
    expect(host.logs.map(({ text }) => text).join()).not.toContain(KEY);
  });

  it("says which limit denies a call, and why", async () => {
    const host = await start(file, PER_KEY);
    host.logLevel = DEBUG;
    host.request(2, ROOT, { "x-api-key": KEY });
    host.reply(ROOT, counter(120));
    expect(records(host)).toMatchObject([
      {
        outcome: "denied",
        rule: WINDOW.rule,
        why: `${WINDOW.rule}: 120 of 100 tokens per 60 s used`,
        windows: [{ ...WINDOW, used: 120, remaining: 0 }],
      },
    ]);
  });

  it("says what was reserved for a call, and what others hold", async () => {
    const host = await start(file, { ...PER_KEY, reservation: { mode: "estimate" } });
    host.logLevel = DEBUG;
    host.request(2, ROOT, { "x-api-key": KEY, ":path": "/v1/chat/completions" }, false);
    host.requestBody(2, JSON.stringify({ model: "m", messages: [], max_tokens: 20 }), true);
    const { readings, input } = holdOf(host.pending[0]!);
    expect(readings).toBe(true);
    host.reply(ROOT, array("40", 30_000, "5", "20", String(LAPSES_AT_MS), "0", "held"));
    const all = 5 + input + 20;
    expect(records(host)).toMatchObject([
      {
        outcome: "allowed",
        estimate: { input, output: 20 },
        windows: [{ used: 40, held: all, remaining: 60 - all }],
      },
    ]);
  });

  it.each([
    ["unchecked", (host: StrictHost) => host.reply(ROOT, null), { why: "Redis: network" }],
    ["free", undefined, { windows: [{ used: 0 }] }],
  ])("records a call that is %s", async (outcome, answer, more) => {
    const host = await start(file, PER_KEY);
    host.logLevel = DEBUG;
    const free: Record<string, string> =
      answer === undefined ? { ":method": "GET", ":path": "/v1/models" } : {};
    host.request(2, ROOT, { "x-api-key": KEY, ...free });
    answer?.(host);
    expect(records(host)).toMatchObject([{ outcome, ...more }]);
  });

  it("records requests that no rule limits, and what they lack", async () => {
    const host = await start(file, PER_KEY);
    host.logLevel = DEBUG;
    host.request(2, ROOT, { authorization: KEY });
    expect(records(host)).toEqual([{ outcome: "unmatched", why: "rule_items[0] is missing" }]);
  });

  it("gives one caller the same name in every gateway with the same Redis, and another one elsewhere", async () => {
    const callers: unknown[] = [];
    for (const [password, key] of [
      ["p", "ann"],
      ["p", "ann"],
      ["p", "bob"],
      ["q", "ann"],
    ]) {
      const host = await start(file, { ...PER_KEY, redis: { ...REDIS, password } });
      host.logLevel = DEBUG;
      host.request(2, ROOT, { "x-api-key": key! });
      host.reply(ROOT, counter(0));
      callers.push(records(host)[0]!.caller);
    }
    expect(callers[1]).toBe(callers[0]);
    expect(new Set(callers).size).toBe(3);
  });

  it("writes records as filter state if asked, and logs nothing at level info", async () => {
    const host = await start(file, { ...PER_KEY, decision_log: true });
    host.logLevel = INFO;
    host.request(2, ROOT, { "x-api-key": KEY });
    host.reply(ROOT, counter(40));
    const state = (): unknown => JSON.parse(host.properties.get("ai_token_ratelimit")!);
    expect(state()).toMatchObject({ outcome: "allowed", windows: [WINDOW] });
    finish(host, 2);
    expect(state()).toMatchObject({ charged: 7 });
    expect(records(host)).toEqual([]);
  });

  it("answers a client that knows the secret, and shows the secret to no upstream", async () => {
    const host = await start(file, ASKING);
    host.logLevel = INFO;
    const stream = host.request(2, ROOT, { "x-api-key": KEY, "x-why": SECRET });
    expect(stream.request).not.toHaveProperty("x-why");
    host.reply(ROOT, counter(40));
    host.responseHeaders(2, JSON_TYPE);
    expect(JSON.parse(String(host.streams.get(2)!.response!["x-why"]))).toMatchObject({ outcome: "allowed" });
  });

  it.each(["0123456789abcdeF", "0123456789abcde", "", "0123456789abcdef0"])(
    "answers nobody who sends %j, but removes the header",
    async (guess) => {
      const host = await start(file, ASKING);
      const stream = host.request(2, ROOT, { "x-api-key": KEY, "x-why": guess });
      expect(stream.request).not.toHaveProperty("x-why");
      host.reply(ROOT, counter(40));
      host.responseHeaders(2, JSON_TYPE);
      expect(host.streams.get(2)!.response).not.toHaveProperty("x-why");
    },
  );

  it("tells the next client nothing of a request that no rule limits", async () => {
    const host = await start(file, ASKING);
    host.request(2, ROOT, { "x-why": SECRET });
    host.responseHeaders(2, JSON_TYPE);
    expect(JSON.parse(String(host.streams.get(2)!.response!["x-why"]))).toMatchObject({
      outcome: "unmatched",
    });
    host.end(2);
    // A host may answer a request before a filter has seen it.
    host.open(3, ROOT);
    host.responseHeaders(3, JSON_TYPE);
    expect(host.streams.get(3)!.response).not.toHaveProperty("x-why");
  });

  it("stays below 4 KB with as many limits as there may be", async () => {
    const items = Array.from({ length: 100 }, (_, i) => ({
      limit_by_per_header: `x-${i}`,
      limit_keys: [{ key: "*", token_per_minute: 100 }],
    }));
    const host = await start(file, {
      rule_name: "r",
      rule_mode: "all_match",
      rule_items: items,
      redis: REDIS,
    });
    host.logLevel = DEBUG;
    const headers = Object.fromEntries(items.map((_, i) => [`x-${i}`, KEY]));
    expect(host.request(2, ROOT, headers).action).not.toBe(CONTINUE);
    host.reply(ROOT, null);
    const [record] = records(host);
    expect(JSON.stringify(record).length).toBeLessThan(4096);
    expect((record!.windows as unknown[]).length).toBeGreaterThan(10);
  });
});
