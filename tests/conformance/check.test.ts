// Contract: before a request is let through, its counters are read in one round trip, and it is answered 429 when
// one is above its threshold. Specified in reference behaviour of the published plugin (status, details, headers,
// metric, log attribute) and RFC 9110, 10.2.3 (Retry-After).
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  array,
  CLUSTER,
  CONTINUE,
  counter,
  PAUSE,
  PER_KEY,
  REDIS,
  ROOT,
  start,
  MODULES,
} from "../support/filter.ts";

/** The number of a command, which its reply repeats: see echo.test.ts. */
const NUMBER = expect.stringMatching(/^\d{19}$/);

describe.each(MODULES)("%s", (_name, file) => {
  it("asks Redis once, with EVALSHA, and pauses the request until the reply", async () => {
    const host = await start(file, PER_KEY);
    const stream = host.request(5, ROOT, { "x-api-key": "alice" });
    expect(stream.action).toBe(PAUSE);
    expect(host.pending).toHaveLength(1);
    const [verb, sha1, count, ...rest] = host.pending[0]!.args.map(String);
    expect([verb, count]).toEqual(["EVALSHA", "1"]);
    expect(sha1).toMatch(/^[0-9a-f]{40}$/);
    expect(rest).toEqual(["higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice", "60", NUMBER]);
    expect(stream.continued).toBe(0);
    host.reply(ROOT, counter(12));
    expect(stream.continued).toBe(1);
    expect(stream.localResponse).toBeNull();
    expect(host.properties.get("clear_route_cache")).toBe("off");
  });

  it("admits a counter that is at its threshold or absent, rejects one above", async () => {
    const host = await start(file, PER_KEY);
    for (const [id, reply, continued] of [
      [2, counter(100), 1],
      [3, counter(101), 0],
      [4, array(null, -2), 1],
    ] as const) {
      const stream = host.request(id, ROOT, { "x-api-key": "alice" });
      host.reply(ROOT, reply);
      expect(stream.continued).toBe(continued);
      expect(stream.localResponse !== null).toBe(continued === 0);
    }
  });

  it("rejects as the published plugin does, and says when to come back", async () => {
    const host = await start(file, PER_KEY);
    host.properties.set("route_name", "qwen").set("cluster_name", "outbound|443||qwen.dns");
    const stream = host.request(2, ROOT, { "x-api-key": "alice", "x-mse-consumer": "team-a" });
    host.reply(ROOT, counter(101, 41_400));
    expect(stream.localResponse).toEqual({
      code: 429,
      details: "ai-token-ratelimit.rejected",
      body: "Too many requests",
      headers: [
        ["X-TokenRateLimit-Reset", "41"],
        ["Retry-After", "42"],
      ],
      grpcStatus: -1,
    });
    expect(host.properties.get("ai_log")).toBe(String.raw`{\"token_ratelimit_status\":\"limited\"}`);
    expect(Object.fromEntries(host.metrics)).toEqual({
      "route.qwen.upstream.outbound|443||qwen.dns.model.none.consumer.team-a.metric.token_ratelimit_count":
        1n,
    });
    // The rejection passes the response callbacks of its own filter and must not be charged.
    host.responseHeaders(2, { ":status": "429", "content-type": "text/plain" });
    host.responseBody(2, '{"usage":{"prompt_tokens":5,"completion_tokens":5}}', true);
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("names an unknown route, upstream, model and consumer in the metric as the published plugin does", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, counter(101));
    expect([...host.metrics.keys()]).toEqual([
      "route.-.upstream.-.model.none.consumer.none.metric.token_ratelimit_count",
    ]);
  });

  it.each([
    ["a usual name", "team a/b:c.d", true],
    ["128 bytes", "c".repeat(128), true],
    ["129 bytes", "c".repeat(129), false],
    ["a control character", "c\u007f", false],
    ["letters beyond ASCII", "é", false],
    ["a tab", "tab\there", false],
    ["what looks like the next part of the name", "ann.metric", false],
    ["what looks like the rest of the name", "ann.metric.token_ratelimit_count", false],
    ["what begins like the next part of the name", "ann.metrics", false],
    ["nothing but what looks like the next part", ".metric", false],
    ["the word metric alone", "metric", true],
    ["what looks like the part before", "ann.consumer.bob", true],
    ["nothing", "", true],
  ])(
    "counts a consumer by its name, or as other where that would mislead: %s",
    async (_, consumer, isShown) => {
      const host = await start(file, PER_KEY);
      host.request(2, ROOT, { "x-api-key": "alice", "x-mse-consumer": consumer });
      host.reply(ROOT, counter(101));
      expect([...host.metrics.keys()]).toEqual([
        `route.-.upstream.-.model.none.consumer.${isShown ? consumer : "other"}.metric.token_ratelimit_count`,
      ]);
    },
  );

  it.each(["route_name", "cluster_name"])(
    "counts a %s that is long or not printable as other",
    async (property) => {
      const host = await start(file, PER_KEY);
      for (const [i, name] of ["n".repeat(129), "a\nb", "模型"].entries()) {
        host.properties.set(property, name);
        host.request(2 + i, ROOT, { "x-api-key": "alice" });
        host.reply(ROOT, counter(101));
      }
      const [route, cluster] = property === "route_name" ? ["other", "-"] : ["-", "other"];
      expect(Object.fromEntries(host.metrics)).toEqual({
        [`route.${route}.upstream.${cluster}.model.none.consumer.none.metric.token_ratelimit_count`]: 3n,
      });
    },
  );

  it("answers with the configured code and message", async () => {
    const host = await start(file, { ...PER_KEY, rejected_code: 200, rejected_msg: '{"code":-1}' });
    const stream = host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, counter(101));
    expect(stream.localResponse).toMatchObject({ code: 200, body: '{"code":-1}' });
  });

  it.each([
    ['{"error":{"code":"slow_down","n":1.50}}', '{"error":{"code":"slow_down","n":1.50}}', true],
    ['["a", {"b": null}]', '["a", {"b": null}]', true],
    ["null", "", false],
    ["429", "429", false],
    [String.raw`"{\"a\":1}"`, '{"a":1}', false],
  ])("sends the message %s as %s; with content-type application/json: %s", async (message, body, isJson) => {
    const configuration = JSON.stringify({ ...PER_KEY, rejected_msg: "MESSAGE" });
    const host = await start(file, configuration.replace('"MESSAGE"', message));
    const stream = host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, counter(101));
    expect(stream.localResponse!.body).toBe(body);
    expect(new Map(stream.localResponse!.headers).get("content-type")).toBe(
      isJson ? "application/json" : undefined,
    );
  });

  it.each([
    [60_000, undefined],
    [60_001, "false"],
    [86_400_000, "false"],
  ])(
    "makes clients wait at most a minute before they retry: after %d ms, x-should-retry is %s",
    async (remaining, expected) => {
      const host = await start(file, {
        ...PER_KEY,
        rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_day: 100 }] }],
      });
      const stream = host.request(2, ROOT, { "x-api-key": "alice" });
      host.reply(ROOT, counter(101, remaining));
      const headers = new Map(stream.localResponse!.headers);
      expect(headers.get("Retry-After")).toBe(String(Math.ceil(remaining / 1000)));
      expect(headers.get("x-should-retry")).toBe(expected);
    },
  );

  it("rounds Retry-After up to whole seconds, at least 1", async () => {
    const host = await start(file, PER_KEY);
    for (const [id, remaining, reset, retryAfter] of [
      [2, 1, "0", "1"],
      [3, 499, "0", "1"],
      [4, 1_000, "1", "1"],
      [5, 1_001, "1", "2"],
      [6, -1, "60", "60"],
    ] as const) {
      const stream = host.request(id, ROOT, { "x-api-key": "alice" });
      host.reply(ROOT, counter(101, remaining));
      expect(stream.localResponse!.headers.map(([, value]) => value)).toEqual([reset, retryAfter]);
    }
  });

  it("enforces every window of a limit in one round trip and one slot, and reports the first exceeded", async () => {
    const host = await start(file, {
      ...PER_KEY,
      rule_items: [
        {
          limit_by_header: "x-api-key",
          limit_keys: [{ key: "k", token_per_day: 1000, token_per_second: 5, token_per_minute: 50 }],
        },
      ],
    });
    const stream = host.request(2, ROOT, { "x-api-key": "k" });
    expect(host.pending[0]!.args.slice(2).map(String)).toEqual([
      "3",
      "higress-token-ratelimit:{r}:limit_by_header:1:x-api-key:k",
      "higress-token-ratelimit:{r}:limit_by_header:60:x-api-key:k",
      "higress-token-ratelimit:{r}:limit_by_header:86400:x-api-key:k",
      "1",
      "60",
      "86400",
      NUMBER,
    ]);
    host.reply(ROOT, array("4", 900, "51", 20_000, "1001", 5_000_000));
    // Reset is that of the first exceeded window; Retry-After waits for all of them.
    expect(stream.localResponse!.headers.map(([, value]) => value)).toEqual(["20", "5000", "false"]);
  });

  it("falls back to EVAL when Redis has lost the script", async () => {
    const host = await start(file, PER_KEY);
    const stream = host.request(2, ROOT, { "x-api-key": "alice" });
    const sha1 = String(host.pending[0]!.args[1]);
    host.reply(ROOT, "-NOSCRIPT No matching script. Please use EVAL.\r\n");
    const [verb, script, ...rest] = host.pending[0]!.args.map(String);
    expect(verb).toBe("EVAL");
    expect(createHash("sha1").update(script!).digest("hex")).toBe(sha1);
    expect(rest).toEqual([
      "1",
      "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice",
      "60",
      NUMBER,
    ]);
    host.reply(ROOT, counter(101));
    expect(stream.localResponse?.code).toBe(429);
  });

  it("understands a reply that arrives before the call has returned", async () => {
    for (const [reply, admitted] of [
      [counter(3), true],
      [counter(101), false],
    ] as const) {
      const host = await start(file, PER_KEY);
      host.onRedisCall = () => host.reply(ROOT, reply);
      const stream = host.request(2, ROOT, { "x-api-key": "alice" });
      expect(stream.action).toBe(admitted ? CONTINUE : PAUSE);
      expect(stream.continued).toBe(0); // The return value alone lets it go on.
      expect(stream.localResponse !== null).toBe(!admitted);
      expect(host.pending).toHaveLength(0);
    }
  });

  it("understands a synchronous NOSCRIPT too", async () => {
    const host = await start(file, PER_KEY);
    host.onRedisCall = (command) =>
      host.reply(ROOT, String(command.args[0]) === "EVAL" ? counter(1) : "-NOSCRIPT no\r\n", command);
    expect(host.request(2, ROOT, { "x-api-key": "alice" }).action).toBe(CONTINUE);
    expect(host.pending).toHaveLength(0);
  });

  it("does nothing when no rule matches", async () => {
    const host = await start(file, PER_KEY);
    const stream = host.request(2, ROOT, {});
    expect(stream.action).toBe(CONTINUE);
    host.responseHeaders(2, {});
    host.responseBody(2, '{"usage":{"prompt_tokens":5,"completion_tokens":5}}', true);
    host.end(2);
    expect(host.pending).toHaveLength(0);
    expect(host.properties.size).toBe(0);
  });

  it("charges a counter once that two rules lead to, and applies the lower threshold", async () => {
    const host = await start(file, {
      rule_name: "r",
      rule_mode: "all_match",
      rule_items: [
        { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 100 }] },
        { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 50 }] },
      ],
      redis: REDIS,
    });
    const stream = host.request(2, ROOT, { "x-api-key": "alice" });
    expect(host.pending[0]!.args[2]!.toString()).toBe("1");
    host.reply(ROOT, counter(51));
    expect(stream.localResponse?.code).toBe(429);
    expect(host.pending.map(({ cluster }) => cluster)).not.toContain(CLUSTER);
  });
});
