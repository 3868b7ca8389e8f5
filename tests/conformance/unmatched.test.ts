// Contract: requests that no rule limits are counted, the operator is told once why, and a rule may insist on what it looks at.
import { describe, expect, it } from "vitest";
import { CONTINUE, metric, MODULES, REDIS, ROOT, start } from "../support/filter.ts";

const item = (by: string, name: string, key: string, more: object = {}): object => ({
  [by]: name,
  limit_keys: [{ key, token_per_minute: 100 }],
  ...more,
});
const rules = (...rule_items: object[]): object => ({ rule_name: "r", rule_items, redis: REDIS });
const REQUIRED = item("limit_by_per_header", "x-api-key", "*", { on_missing: "reject" });

describe.each(MODULES)("%s", (_name, file) => {
  it("counts a request without a value for any rule, and logs once which credentials it has instead", async () => {
    const host = await start(file, rules(item("limit_by_per_header", "x-api-key", "*")));
    const secret = "Bearer sk-very-secret";
    for (let id = 2; id < 12; ++id) {
      expect(host.request(id, ROOT, { authorization: secret, cookie: "a=b" }).action).toBe(CONTINUE);
      host.end(id);
    }
    host.pass(ROOT, 500);
    expect(metric(host, "unmatched_requests")).toBe(10);
    expect(metric(host, "unidentified_requests")).toBe(10);
    const lines = host.lines();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/rule_items\[0\]: .*credentials that it has: authorization, cookie$/);
    expect(host.lines(0).join()).not.toContain("secret");
  });

  it("counts a request whose value no key matches, and logs it once", async () => {
    const host = await start(file, rules(item("limit_by_header", "x-team", "blue")));
    for (let id = 2; id < 5; ++id) host.request(id, ROOT, { "x-team": "red" });
    host.pass(ROOT, 500);
    expect(metric(host, "unmatched_requests")).toBe(3);
    expect(metric(host, "unidentified_requests")).toBe(0);
    expect(host.lines()).toEqual([expect.stringContaining("rule_items: no key matches a request")]);
  });

  it("tells the host of many such requests at once, with the next tick, and of none twice", async () => {
    const host = await start(file, rules(item("limit_by_per_header", "x-api-key", "*")));
    const told: string[] = [];
    host.onIncrement = (name, by) => told.push(`${name} ${by}`);
    for (let id = 2; id < 102; ++id) host.request(id, ROOT, {});
    expect(told).toEqual([]);
    host.pass(ROOT, 500);
    const metrics = [
      "ai_token_ratelimit.unmatched_requests 100",
      "ai_token_ratelimit.unidentified_requests 100",
    ];
    expect(told).toEqual(metrics);
    host.pass(ROOT, 5000);
    expect(told).toEqual(metrics);
    expect(host.tickPeriod).toBe(0);
  });

  it.each([{}, { "x-api-key": "" }, { "x-api-key": " \t" }])(
    "refuses a request with the headers %j when a rule requires x-api-key",
    async (headers) => {
      const host = await start(file, rules(REQUIRED));
      const { localResponse } = host.request(2, ROOT, headers as Record<string, string>);
      expect(localResponse).toMatchObject({ code: 401, details: "ai-token-ratelimit.unidentified" });
      expect(localResponse!.headers.map(([name]) => name)).toContain("www-authenticate");
      expect(metric(host, "unidentified_requests")).toBe(1);
      expect(host.pending).toEqual([]);
    },
  );

  it("refuses a request without a value that one rule requires, even if another rule applies, and does not ask Redis", async () => {
    const config = { ...rules(item("limit_by_per_header", "x-team", "*"), REQUIRED), rule_mode: "all_match" };
    const host = await start(file, config);
    for (let id = 2; id < 5; ++id)
      expect(host.request(id, ROOT, { "x-team": "blue" }).localResponse?.code).toBe(401);
    expect(host.request(9, ROOT, { "x-team": "blue", "x-api-key": "k" }).localResponse).toBeNull();
    expect(host.pending).toHaveLength(1);
  });

  it.each([
    { ":method": "OPTIONS" },
    { ":method": "GET", ":path": "/v1/models" },
    { ":path": "/v1/messages/count_tokens" },
  ])("does not refuse a request that consumes nothing, or warn of it: %j", async (headers) => {
    const host = await start(file, rules(REQUIRED));
    expect(host.request(2, ROOT, headers as Record<string, string>)).toMatchObject({
      action: CONTINUE,
      localResponse: null,
    });
    expect(host.lines()).toEqual([]);
  });

  it("refuses to fetch a stored answer for an unidentified caller", async () => {
    const host = await start(file, rules(REQUIRED));
    const get = { ":method": "GET", ":path": "/v1/responses/resp_1" };
    expect(host.request(2, ROOT, get).localResponse?.code).toBe(401);
  });

  it("refuses a request without the address that a rule requires", async () => {
    const host = await start(
      file,
      rules(item("limit_by_per_ip", "from-header-x-client-ip", "0.0.0.0/0", { on_missing: "reject" })),
    );
    expect(host.request(2, ROOT, { "x-client-ip": "unknown" }).localResponse?.code).toBe(401);
    expect(host.request(3, ROOT, { "x-client-ip": "1.2.3.4" }).localResponse).toBeNull();
  });
});
