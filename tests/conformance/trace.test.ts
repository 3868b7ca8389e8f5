// Contract: at log level debug, each check and each charge says which rule it is of and what its counter holds, and nothing of
// the caller.
import { describe, expect, it } from "vitest";
import { array, counter, made, MODULES, REDIS, ROOT, start, usageBody } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

const CONFIG = {
  rule_name: "r",
  rule_mode: "all_match",
  global_threshold: { token_per_hour: 5000 },
  rule_items: [
    { limit_by_per_header: "x-team", limit_keys: [{ key: "*", token_per_minute: 100 }] },
    {
      limit_by_header: "x-api-key",
      limit_keys: [
        { key: "other", token_per_minute: 1 },
        { key: "sk-secret", token_per_minute: 200 },
      ],
    },
  ],
  redis: REDIS,
};
const debugLines = (host: StrictHost): string[] =>
  host.logs
    .filter(({ level }) => level === 1)
    .map(({ text }) => text.replace("[ai-token-ratelimit] ", ""))
    .filter((line) => !line.startsWith("decision "));

/** A host that logs at level debug. */
async function begin(file: string, config: object): Promise<StrictHost> {
  const host = await start(file, config);
  host.logLevel = 1;
  return host;
}

describe.each(MODULES)("%s", (_name, file) => {
  it("logs the counters that a check has found and a charge has left, by rule", async () => {
    const host = await begin(file, CONFIG);
    host.request(2, ROOT, { "x-api-key": "sk-secret" });
    host.reply(ROOT, array("4000", 60_000, "60", 58_000));
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(3, 4), true);
    host.reply(ROOT, made(4007, 67));
    expect(debugLines(host)).toEqual([
      "global_threshold: 4000 of 5000 tokens per 3600 s used, 60000 ms left",
      "rule_items[1].limit_keys[1]: 60 of 200 tokens per 60 s used, 58000 ms left",
      "global_threshold: 4007 of 5000 tokens per 3600 s used, 7 of them now",
      "rule_items[1].limit_keys[1]: 67 of 200 tokens per 60 s used, 7 of them now",
    ]);
    expect(host.logs.map(({ text }) => text).join()).not.toContain("secret");
  });

  it("logs the counters of a call that reserves tokens and is denied", async () => {
    const host = await begin(file, { ...CONFIG, reservation: { mode: "estimate" } });
    host.request(2, ROOT, { "x-api-key": "sk-secret" }, false);
    host.requestBody(2, "{}", true);
    host.reply(ROOT, array("4000", 60_000, "0", "200", 58_000, "0"));
    expect(host.streams.get(2)!.localResponse).toMatchObject({ code: 429 });
    expect(debugLines(host)).toEqual([
      "global_threshold: 4000 of 5000 tokens per 3600 s used, 60000 ms left",
      "rule_items[1].limit_keys[1]: 200 of 200 tokens per 60 s used, 58000 ms left",
    ]);
  });

  it("names the rule with the lower threshold if two lead to one counter", async () => {
    const items = [{ limit_by_per_header: "x-team", limit_keys: [{ key: "*", token_per_minute: 100 }] }];
    const twice = [...items, { ...items[0], limit_keys: [{ key: "regexp:b", token_per_minute: 10 }] }];
    const host = await begin(file, { ...CONFIG, global_threshold: undefined, rule_items: twice });
    host.request(2, ROOT, { "x-team": "blue" });
    host.reply(ROOT, counter(5));
    expect(debugLines(host)).toEqual([
      "rule_items[1].limit_keys[0]: 5 of 10 tokens per 60 s used, 30000 ms left",
    ]);
  });

  it("composes no line that the host does not log", async () => {
    const host = await start(file);
    host.logLevel = 2;
    host.configure(ROOT, CONFIG);
    host.request(2, ROOT, { "x-api-key": "sk-secret" });
    host.reply(ROOT, array("4000", 60_000, "60", 58_000));
    expect(debugLines(host)).toEqual([]);
  });
});
