// Contract: a rule with `match` applies if all its conditions hold, and has one counter for each combination of the values that
// it splits by, whatever callers send. Specified in README, "Combined conditions", and ARCHITECTURE.md, "Counters in Redis".
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { array, counter, MODULES, REDIS, ROOT, start } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

type Headers = Parameters<StrictHost["request"]>[2];
const STOP_HEADERS = 1;
const rules = (...items: object[]) => ({ rule_name: "r", rule_items: items, redis: REDIS });
const rule = (...match: object[]) => ({ match, token_per_minute: 100 });
/** What the counters of these conditions are named after. */
const nameOf = (...parts: string[]): string =>
  createHash("sha256")
    .update(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(""))
    .digest("hex")
    .slice(0, 16);

/** The counters that a request is checked against, behind the part that all have. */
function countersOf(host: StrictHost, headers: Headers, id = 2): string[] {
  host.request(id, ROOT, headers);
  const command = host.pending.at(-1);
  const keys = command?.args.slice(3, 3 + Number(command.args[2])).map(String) ?? [];
  if (command !== undefined) host.reply(ROOT, array(...keys.flatMap(() => ["0", 1000])), command);
  if (host.streams.get(id)?.localResponse) throw new Error("refused");
  host.end(id);
  return keys.map((key) => key.replace(/^higress-token-ratelimit:\{?r\}?:/, ""));
}

describe.each(MODULES)("%s", (_name, file) => {
  it("needs all conditions to hold, and splits by those that are no exact values", async () => {
    const host = await start(
      file,
      rules(
        rule(
          { consumer: "*" },
          { header: "X-Team", value: "blue" },
          { param: "p", value: "regexp:^a" },
          { cookie: "c", value: "1" },
          { api_key: "Bearer sk-1" },
          { ip: "10.0.0.0/8" },
        ),
      ),
    );
    host.properties.set("source.address", "10.1.2.3:4567");
    const request = {
      "x-mse-consumer": "ann",
      "x-team": " blue",
      ":path": "/v1/chat/completions?p=abc",
      cookie: "c=1",
      "x-api-key": "sk-1",
    };
    const name = nameOf(
      ...["consumer", "x-mse-consumer", "*", "header", "X-Team", "blue", "param", "p", "regexp:^a"],
      ...["cookie", "c", "1", "api_key", "api_key", "Bearer sk-1", "ip", "from-remote-addr", "10.0.0.0/8"],
    );
    expect(countersOf(host, request)).toEqual([`match:60:${name}:3:ann3:abc8:10.1.2.3`]);
    for (const other of [
      { "x-team": "red" },
      { ":path": "/v1/chat/completions?p=ba" },
      { cookie: "c=2" },
      { "x-api-key": "sk-2" },
    ])
      expect(countersOf(host, { ...request, ...other })).toEqual([]);
    for (const lacking of Object.keys(request)) {
      const rest = Object.entries(request).filter(([name]) => name !== lacking);
      expect(countersOf(host, Object.fromEntries(rest))).toEqual([]);
    }
    host.properties.set("source.address", "11.1.2.3:4567");
    expect(countersOf(host, request)).toEqual([]);
  });

  it("keeps combinations apart, whatever callers put into the values", async () => {
    const host = await start(file, rules(rule({ header: "a", value: "*" }, { header: "b", value: "*" })));
    const name = nameOf("header", "a", "*", "header", "b", "*");
    const seen = new Set<string>();
    const values = ["", "x", "1:x", "x1:x", ":", "3:", "1:", "11:", "x:y"];
    for (const a of values) {
      for (const b of values) {
        const [counterName] = countersOf(host, { a, b });
        expect(counterName).toBe(`match:60:${name}:${a.length}:${a}${b.length}:${b}`);
        seen.add(counterName!);
      }
    }
    expect(seen.size).toBe(values.length ** 2);
  });

  it("has a counter for each set of conditions, even if they split by the same", async () => {
    const host = await start(
      file,
      rules(
        rule({ header: "x-tier", value: "gold" }, { consumer: "*" }),
        rule({ header: "x-tier", value: "free" }, { consumer: "*" }),
        rule({ header: "x-tier", value: "all" }),
      ),
    );
    const [gold] = countersOf(host, { "x-tier": "gold", "x-mse-consumer": "ann" });
    const [free] = countersOf(host, { "x-tier": "free", "x-mse-consumer": "ann" });
    expect(gold).not.toBe(free);
    const [all] = countersOf(host, { "x-tier": "all", "x-mse-consumer": "ann" });
    expect(all).toBe(`match:60:${nameOf("header", "x-tier", "all")}:`);
  });

  it("holds the body only if all other conditions hold", async () => {
    const host = await start(file, rules(rule({ model: "*" }, { header: "x-team", value: "blue" })));
    const path = { ":path": "/v1/chat/completions" };
    expect(host.request(2, ROOT, { ...path, "x-team": "red" }, false).action).not.toBe(STOP_HEADERS);
    expect(host.request(4, ROOT, path, false).action).not.toBe(STOP_HEADERS);
    expect(host.request(6, ROOT, { ...path, "x-team": "blue" }, false).action).toBe(STOP_HEADERS);
    host.requestBody(6, '{"model":"gpt-4o"}', true);
    expect(String(host.pending[0]!.args[3])).toMatch(/:6:gpt-4o$/);
    host.reply(ROOT, counter(0));
    host.request(8, ROOT, { ...path, "x-team": "blue" }, false);
    host.requestBody(8, '{"model":"gpt-4o","model":"other"}', true);
    expect(host.streams.get(8)!.localResponse).toMatchObject({ code: 400 });
  });

  it("counts a model that is not known as one that fits", async () => {
    const host = await start(file, rules(rule({ model: "gpt-4o" }, { consumer: "*" })));
    const body = (text: string, id: number): string | undefined => {
      host.request(id, ROOT, { ":path": "/v1/chat/completions", "x-mse-consumer": "ann" }, false);
      host.requestBody(id, text, true);
      const key = host.pending.pop()?.args[3]?.toString();
      host.end(id);
      return key;
    };
    expect(body("{}", 2)).toBe(body('{"model":"gpt-4o"}', 4));
    expect(body('{"model":"gpt-4o"}', 6)).toMatch(/:3:ann$/);
    expect(body('{"model":"other"}', 8)).toBeUndefined();
  });

  it("refuses a request that lacks a value only if the others hold, and on_missing says so", async () => {
    const item = { ...rule({ consumer: "*" }, { header: "x-team", value: "blue" }), on_missing: "reject" };
    const host = await start(file, rules(item));
    expect(() => countersOf(host, { "x-team": "blue" })).toThrow("refused");
    expect(host.streams.get(2)!.localResponse).toMatchObject({ code: 401 });
    host.end(2);
    expect(countersOf(host, { "x-team": "red" }, 4)).toEqual([]);
    expect(countersOf(host, { "x-team": "blue", "x-mse-consumer": "ann" }, 6)).toHaveLength(1);
    expect(() => countersOf(host, { "x-team": ["blue", "red"], "x-mse-consumer": "ann" }, 8)).toThrow(
      "refused",
    );
    expect(host.streams.get(8)!.localResponse).toMatchObject({ code: 400 });
  });

  it("applies beside other rules, with all its windows, and names itself without a key", async () => {
    const host = await start(file, {
      ...rules(
        { limit_by_per_consumer: "", limit_keys: [{ key: "*", token_per_minute: 100 }] },
        { match: { consumer: "regexp:^a" }, token_per_minute: 5, token_per_hour: 50, in_flight: 3 },
      ),
      rule_mode: "all_match",
      usage_path: "/v1/usage",
    });
    const id = 2;
    host.request(id, ROOT, { ":method": "GET", ":path": "/v1/usage", "x-mse-consumer": "ann" });
    const command = host.pending.at(-1)!;
    const keys = command.args.slice(3, 3 + Number(command.args[2])).map(String);
    const names = keys
      .filter((key) => key.startsWith("higress-token-ratelimit:{r}:"))
      .map((key) => key.slice(28));
    const name = nameOf("consumer", "x-mse-consumer", "regexp:^a");
    expect(names).toEqual([
      "limit_by_per_consumer:60:x-mse-consumer:ann",
      `match:60:${name}:3:ann`,
      `match:3600:${name}:3:ann`,
      `match:i0:${name}:3:ann`,
    ]);
    host.end(id);
  });

  it("hides values by hash_keys", async () => {
    const config = { ...rules(rule({ api_key: "*" }, { consumer: "*" })), hash_keys: true };
    const host = await start(file, { ...config, redis: { ...REDIS, password: "secret" } });
    const [counterName] = countersOf(host, { "x-api-key": "sk-1", "x-mse-consumer": "ann" });
    expect(counterName).toMatch(/^match:60:[0-9a-f]{16}:[0-9a-f]{32}$/);
  });
});
