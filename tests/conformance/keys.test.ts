// Contract: every kind of rule, in both modes, leads to the published plugin's Redis keys, byte for byte, so that
// counters carry over. Specified in the reference behaviour of the published plugin, 1.x and 2.x.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MODULES, REDIS, ROOT, start } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

type Headers = Record<string, string>;
/** Kind of rule, what it names, a key, a request that it matches, the part of the Redis key behind the window. */
const KINDS: [string, string, string | number, Headers, string][] = [
  ["limit_by_header", "X-Ca-Key", 102234, { "x-ca-key": "102234" }, "X-Ca-Key:102234"],
  ["limit_by_header", "x-ca-key", "*", { "x-ca-key": "*" }, "x-ca-key:*"],
  ["limit_by_param", "apikey", "9a34", { ":path": "/v1?z=%zz&apikey=9a34" }, "apikey:9a34"],
  ["limit_by_consumer", "", "consumer1", { "x-mse-consumer": "consumer1" }, "x-mse-consumer:consumer1"],
  ["limit_by_cookie", "key1", "value1", { cookie: "a=b; key1=value1" }, "key1:value1"],
  ["limit_by_api_key", "ignored", "sk-1", { "api-key": "sk-1" }, "api_key:sk-1"],
  ["limit_by_model", "ignored", "GPT-4o", { ":path": "/v1/models/gpt-4o:generateContent" }, "model:gpt-4o"],
  ["limit_by_per_model", "", "*", { ":path": "/openai/deployments/a/chat/completions" }, "model:a"],
  ["limit_by_per_api_key", "", "*", { authorization: "Bearer sk:1" }, "api_key:sk:1"],
  ["limit_by_per_header", "x-ca-key", "regexp:^a.*", { "x-ca-key": "abc:d" }, "x-ca-key:abc:d"],
  ["limit_by_per_header", "x-ca-key", "*", { "x-ca-key": "" }, "x-ca-key:"],
  ["limit_by_per_param", "apikey", "*", { ":path": "/v1?apikey=a%20b+c" }, "apikey:a b c"],
  ["limit_by_per_consumer", "", "*", { "x-mse-consumer": "团队" }, "x-mse-consumer:团队"],
  ["limit_by_per_cookie", "key1", "*", { cookie: "key1=v" }, "key1:v"],
  [
    "limit_by_per_ip",
    "from-header-x-forwarded-for",
    "1.1.1.0/24",
    { "x-forwarded-for": "1.1.1.7, 9.9.9.9" },
    "from-header-x-forwarded-for:1.1.1.7",
  ],
  [
    "limit_by_per_ip",
    "from-header-x-forwarded-for",
    "::/0",
    { "x-forwarded-for": "2001:DB8:0::1" },
    "from-header-x-forwarded-for:2001:db8::1",
  ],
  ["limit_by_per_ip", "from-remote-addr", "0.0.0.0/0", {}, "from-remote-addr:10.1.2.3"],
];
const UNITS = { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800, month: 2592000 } as const;

function keysOf(host: StrictHost): string[] {
  const command = host.pending.splice(0)[0];
  if (command === undefined) return [];
  const count = Number(command.args[2]);
  return command.args.slice(3, 3 + count).map(String);
}

describe.each(MODULES)("%s", (_name, file) => {
  it.each(KINDS)(
    "names counters as the published plugin does: %s %j, key %j",
    async (kind, name, key, headers, tail) => {
      for (const [mode, rule] of [
        ["first_match", "r"],
        ["all_match", "{r}"],
      ]) {
        for (const [unit, seconds] of Object.entries(UNITS)) {
          const host = await start(file, {
            rule_name: "r",
            rule_mode: mode,
            rule_items: [{ [kind]: name, limit_keys: [{ key, [`token_per_${unit}`]: 10 }] }],
            redis: REDIS,
          });
          host.properties.set("source.address", "10.1.2.3:4567");
          host.request(2, ROOT, headers);
          expect(keysOf(host)).toEqual([`higress-token-ratelimit:${rule}:${kind}:${seconds}:${tail}`]);
        }
      }
    },
  );

  it("uses the last address that is not a trusted proxy", async () => {
    const host = await start(file, {
      rule_name: "r",
      rule_items: [
        {
          limit_by_per_ip: "from-header-x-forwarded-for",
          trusted_proxies: ["10.0.0.0/8"],
          limit_keys: [{ key: "0.0.0.0/0", token_per_minute: 10 }],
        },
      ],
      redis: REDIS,
    });
    host.request(2, ROOT, { "x-forwarded-for": "1.1.1.1, 203.0.113.7, 10.0.0.1" });
    expect(keysOf(host)).toEqual([
      "higress-token-ratelimit:r:limit_by_per_ip:60:from-header-x-forwarded-for:203.0.113.7",
    ]);
  });

  it("names the counter of a global threshold as the published plugin does", async () => {
    for (const [mode, rule] of [
      ["first_match", "g"],
      ["all_match", "{g}"],
    ]) {
      const host = await start(file, {
        rule_name: "g",
        rule_mode: mode,
        global_threshold: { token_per_minute: 10 },
        redis: REDIS,
      });
      host.request(2, ROOT, {});
      expect(keysOf(host)).toEqual([`higress-token-ratelimit:${rule}:global_threshold:60`]);
    }
  });

  it("first_match applies the first rule item that matches; all_match applies all, the global threshold first", async () => {
    const items = [
      { limit_by_header: "x-a", limit_keys: [{ key: "1", token_per_minute: 10 }] },
      { limit_by_per_header: "x-a", limit_keys: [{ key: "*", token_per_hour: 10 }] },
      { limit_by_per_header: "x-b", limit_keys: [{ key: "*", token_per_day: 10 }] },
    ];
    const first = await start(file, { rule_name: "r", rule_items: items, redis: REDIS });
    first.request(2, ROOT, { "x-a": "1", "x-b": "2" });
    expect(keysOf(first)).toEqual(["higress-token-ratelimit:r:limit_by_header:60:x-a:1"]);
    first.request(3, ROOT, { "x-a": "9", "x-b": "2" });
    expect(keysOf(first)).toEqual(["higress-token-ratelimit:r:limit_by_per_header:3600:x-a:9"]);
    first.request(4, ROOT, { "x-b": "2" });
    expect(keysOf(first)).toEqual(["higress-token-ratelimit:r:limit_by_per_header:86400:x-b:2"]);

    const all = await start(file, {
      rule_name: "r",
      rule_mode: "all_match",
      global_threshold: { token_per_minute: 10 },
      rule_items: items,
      redis: REDIS,
    });
    all.request(2, ROOT, { "x-a": "1", "x-b": "2" });
    expect(keysOf(all)).toEqual([
      "higress-token-ratelimit:{r}:global_threshold:60",
      "higress-token-ratelimit:{r}:limit_by_header:60:x-a:1",
      "higress-token-ratelimit:{r}:limit_by_per_header:3600:x-a:1",
      "higress-token-ratelimit:{r}:limit_by_per_header:86400:x-b:2",
    ]);
  });

  it("never lets a caller pass because its value is long", async () => {
    const items = Array.from({ length: 20 }, (_, i) => ({
      [i % 2 === 0 ? "limit_by_per_header" : "limit_by_per_consumer"]: "x-mse-consumer",
      limit_keys: [
        { key: "*", token_per_second: i + 1, token_per_minute: 1, token_per_hour: 1, token_per_day: 1 },
      ],
    }));
    const host = await start(file, {
      rule_name: "r",
      rule_mode: "all_match",
      rule_items: items,
      redis: REDIS,
    });
    host.request(2, ROOT, { "x-mse-consumer": "x".repeat(60_000) });
    const keys = keysOf(host);
    expect(keys).toHaveLength(8);
    const hash = createHash("sha256").update("x".repeat(60_000)).digest("hex");
    expect(keys[0]).toBe(
      `higress-token-ratelimit:{r}:limit_by_per_header:1:x-mse-consumer:${"x".repeat(4096 - 65)}:${hash}`,
    );
  });

  it("keeps values that are not UTF-8 byte for byte", async () => {
    const host = await start(file, {
      rule_name: "r",
      rule_items: [{ limit_by_per_param: "k", limit_keys: [{ key: "*", token_per_minute: 10 }] }],
      redis: REDIS,
    });
    host.request(2, ROOT, { ":path": "/?k=%ff%00%ff" });
    const key = host.pending[0]!.args[3]!;
    expect(key.subarray(-3)).toEqual(Buffer.from([0xff, 0x00, 0xff]));
  });
});
