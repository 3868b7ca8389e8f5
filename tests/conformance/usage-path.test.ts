// Contract: with usage_path, a caller reads what its own counters hold: exactly these, as JSON, for one check, and nothing
// of it reaches the upstream. Specified in README, "What a caller sees", and RFC 9110 (15.5.6, 405 with Allow).
import { describe, expect, it } from "vitest";
import {
  array,
  CONTINUE,
  counter,
  metric,
  MODULES,
  PAUSE,
  PER_KEY,
  REDIS,
  ROOT,
  start,
} from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { ENVOY_MODULES, HttpHost } from "./http-host.ts";

type Headers = Parameters<StrictHost["request"]>[2];
const PATH = "/v1/usage";
const CONFIG = { ...PER_KEY, usage_path: PATH };
const GET = { ":method": "GET", ":path": PATH };
const ALICE = { ...GET, "x-api-key": "alice" };
const JSON_HEADERS = [
  ["content-type", "application/json"],
  ["cache-control", "no-store"],
];
const limit = (kind: string, name: string, key: string, limits: object, more: object = {}): object => ({
  [kind]: name,
  limit_keys: [{ key, ...limits }],
  ...more,
});

/** What a caller is answered whose counters Redis replies with. */
function answered(host: StrictHost, headers: Headers, reply: string | null, id = 2): unknown {
  const stream = host.request(id, ROOT, headers);
  expect(stream.action).toBe(PAUSE);
  host.reply(ROOT, reply);
  expect(host.pending).toEqual([]);
  expect(stream.continued).toBe(0);
  const { localResponse } = stream;
  host.end(id);
  return localResponse;
}
const bodyOf = (response: unknown): { rule_name: string; windows: Record<string, unknown>[] } =>
  JSON.parse((response as { body: string }).body) as ReturnType<typeof bodyOf>;

describe.each(MODULES)("%s", (_name, file) => {
  it("answers a caller with its windows, for one check", async () => {
    const host = await start(file, CONFIG);
    host.request(2, ROOT, ALICE);
    const [check] = host.pending;
    host.reply(ROOT, counter(12, 40_001));
    const stream = host.streams.get(2)!;
    expect(stream.localResponse).toEqual({
      code: 200,
      details: "ai-token-ratelimit.usage",
      headers: JSON_HEADERS,
      body: JSON.stringify({
        rule_name: "r",
        windows: [
          {
            rule: "rule_items[0].limit_keys[0]",
            limit_by: "limit_by_per_header",
            window_seconds: 60,
            limit: 100,
            used: 12,
            held: 0,
            remaining: 88,
            reset_seconds: 41,
          },
        ],
      }),
      grpcStatus: -1,
    });
    expect(stream.continued).toBe(0);
    // The answer passes the callbacks of its own filter, and costs nothing.
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, '{"usage":{"prompt_tokens":5,"completion_tokens":5}}', true);
    host.end(2);
    expect(host.pending).toEqual([]);
    expect([...host.metrics]).toEqual([]);

    // The same command as that of a call.
    host.request(4, ROOT, { "x-api-key": "alice" });
    const args = (command = host.pending[0]!): string[] => command.args.slice(0, -1).map(String);
    expect(args(check)).toEqual(args());
  });

  it.each([
    ["above the limit", counter(250, 1), { used: 250, remaining: 0, reset_seconds: 1 }],
    ["at the limit", counter(100, 60_000), { used: 100, remaining: 0, reset_seconds: 60 }],
    ["who has used nothing yet", array(null, -2), { used: 0, remaining: 100, reset_seconds: 0 }],
    ["whose counter got no expiry", array("5", -1), { used: 5, remaining: 95, reset_seconds: 60 }],
    ["whose counter holds no number", array("x", 500), { used: 0, remaining: 100, reset_seconds: 1 }],
    ["whose counter is below zero", counter(-5), { used: 0, remaining: 100, reset_seconds: 30 }],
    [
      "whose counter no double holds",
      array("9223372036854775807", "9223372036854775807"),
      { remaining: 0, reset_seconds: 1 },
    ],
  ])("answers a caller %s", async (_what, reply, window) => {
    const host = await start(file, CONFIG);
    const response = answered(host, ALICE, reply);
    expect(response).toMatchObject({ code: 200 });
    expect(bodyOf(response).windows).toMatchObject([{ held: 0, limit: 100, ...window }]);
    expect([...host.metrics.keys()].filter((name) => name.includes("count"))).toEqual([]);
    expect(host.properties.has("ai_log")).toBe(false);
  });

  it("shows every window of every rule that applies, and merged rows once, with the lower limit", async () => {
    const host = await start(file, {
      rule_name: 'a"\\b',
      rule_mode: "all_match",
      global_threshold: { token_per_day: 1000 },
      rule_items: [
        limit("limit_by_per_consumer", "", "*", { token_per_second: 5, token_per_hour: 50 }),
        limit("limit_by_header", "x-team", "blue", { token_per_minute: 20 }),
        limit("limit_by_header", "x-team", "blue", { token_per_minute: 10 }),
        limit("limit_by_header", "x-team", "red", { token_per_minute: 1 }),
      ],
      usage_path: PATH,
      redis: REDIS,
    });
    const headers = { ...GET, "x-mse-consumer": "ann", "x-team": "blue" };
    const response = answered(host, headers, array("1", 1, "2", 2000, "3", 3000, "4", 4000));
    const { rule_name, windows } = bodyOf(response);
    expect(rule_name).toBe('a"\\b');
    expect(windows.map(Object.values)).toEqual([
      ["global_threshold", "global_threshold", 86400, 1000, 1, 0, 999, 1],
      ["rule_items[0].limit_keys[0]", "limit_by_per_consumer", 1, 5, 2, 0, 3, 2],
      ["rule_items[0].limit_keys[0]", "limit_by_per_consumer", 3600, 50, 3, 0, 47, 3],
      ["rule_items[2].limit_keys[0]", "limit_by_header", 60, 10, 4, 0, 6, 4],
    ]);
  });

  it("repeats nothing that identifies the caller, and takes nobody for somebody else", async () => {
    const host = await start(file, CONFIG);
    const asked: string[] = [];
    for (const [index, path] of [`${PATH}?x-api-key=bob`, `${PATH}?consumer=bob`].entries()) {
      host.request(2 + index, ROOT, { ...ALICE, ":path": path, "x-mse-consumer": "bob" });
      asked.push(...host.pending.map((command) => command.args[3]!.toString()));
      const stream = host.streams.get(2 + index)!;
      host.reply(ROOT, counter(1));
      expect(stream.localResponse!.body).not.toMatch(/alice|bob|x-api-key/);
    }
    expect(new Set(asked)).toEqual(
      new Set(["higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice"]),
    );
    const twice = host.request(9, ROOT, { ...GET, "x-api-key": ["alice", "bob"] });
    expect(twice.localResponse).toMatchObject({ code: 400, details: "ai-token-ratelimit.ambiguous" });
    expect(metric(host, "ambiguous_requests")).toBe(1);
    expect(host.pending).toEqual([]);
  });

  it("answers whom no rule limits with no windows, without asking Redis", async () => {
    const host = await start(file, CONFIG);
    const stream = host.request(2, ROOT, GET);
    expect(stream.localResponse).toMatchObject({ code: 200, body: '{"rule_name":"r","windows":[]}' });
    expect(stream.localResponse!.headers).toEqual(JSON_HEADERS);
    expect(host.pending).toEqual([]);
    host.pass(ROOT, 500);
    expect(metric(host, "unmatched_requests")).toBe(0);
  });

  it("refuses whom a rule insists on knowing, as it does for calls", async () => {
    const rule = limit(
      "limit_by_per_header",
      "x-api-key",
      "*",
      { token_per_minute: 9 },
      { on_missing: "reject" },
    );
    const host = await start(file, { ...CONFIG, rule_items: [rule] });
    const stream = host.request(2, ROOT, GET);
    expect(stream.localResponse).toMatchObject({ code: 401, details: "ai-token-ratelimit.unidentified" });
    expect(metric(host, "unidentified_requests")).toBe(1);
    expect(bodyOf(answered(host, ALICE, counter(1), 3)).windows).toHaveLength(1);
  });

  it.each([
    ["Redis is gone", null],
    ["Redis answers with an error", "-OOM no\r\n"],
    ["Redis answers something else", ":1\r\n"],
    ["Redis answers with too few counters", array("1")],
  ])("answers 503 when %s", async (_what, reply) => {
    const host = await start(file, CONFIG);
    const response = answered(host, ALICE, reply);
    expect(response).toMatchObject({
      code: 503,
      details: "ai-token-ratelimit.usage",
      headers: JSON_HEADERS,
    });
    expect(JSON.parse((response as { body: string }).body)).toMatchObject({
      error: { type: "usage_unavailable" },
    });
    // It is no request that has passed unchecked.
    expect(metric(host, "unchecked_requests")).toBe(0);
  });

  it("answers 503 at once when the host does not know Redis", async () => {
    const host = await start(file, CONFIG);
    host.clusters.clear();
    const stream = host.request(2, ROOT, ALICE);
    expect(stream.action).toBe(PAUSE);
    expect(stream.localResponse).toMatchObject({ code: 503 });
    host.end(2);
  });

  it.each(["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get", ""])(
    "answers 405 to %j, with a body or without, and asks nobody",
    async (method) => {
      const host = await start(file, CONFIG);
      for (const [id, end] of [
        [2, true],
        [3, false],
      ] as const) {
        const stream = host.request(id, ROOT, { ...ALICE, ":method": method }, end);
        expect(stream.action).toBe(PAUSE);
        expect(stream.localResponse).toMatchObject({
          code: 405,
          details: "ai-token-ratelimit.usage",
          headers: [...JSON_HEADERS, ["allow", "GET"]],
        });
        host.end(id);
      }
      expect(host.pending).toEqual([]);
    },
  );

  it("answers a GET with a body, or one that asks for an upgrade, as any other", async () => {
    const host = await start(file, { ...CONFIG, upgrade: "refuse" });
    host.request(2, ROOT, { ...ALICE, upgrade: "websocket", connection: "upgrade" }, false);
    host.reply(ROOT, counter(1));
    expect(host.streams.get(2)!.localResponse).toMatchObject({ code: 200 });
    host.requestBody(2, "{}", true);
    host.end(2);
    expect(host.pending).toEqual([]);
  });

  it.each([
    `${PATH}?x=1`,
    `${PATH}?`,
    `${PATH}/`,
    "//v1/usage",
    "/v1/./usage",
    "/v1/x/../usage",
    "/V1/Usage",
    "/v1%2fusag%65",
    "/v1%252fusage",
    String.raw`\v1\usage`,
  ])("is asked by %s too", async (path) => {
    const host = await start(file, CONFIG);
    expect(answered(host, { ...ALICE, ":path": path }, counter(1))).toMatchObject({ code: 200 });
  });

  it.each([
    "/v1/usages",
    "/v1/usage/x",
    "/v1/usage.json",
    "/x/v1/usage",
    "/usage",
    "/v1",
    "/",
    "*",
    "",
    "/?/v1/usage",
    "/v1/usage;x",
    "/v1/usage%3Fx",
    "/v1/usage#x",
    "http://example.com/v1/usage",
    "/v1/files",
  ])("leaves %s to the upstream", async (path) => {
    const host = await start(file, CONFIG);
    const stream = host.request(2, ROOT, { ...ALICE, ":path": path });
    // A path that servers may read differently is that of a call.
    if (stream.action !== CONTINUE) host.reply(ROOT, counter(0));
    expect(stream.localResponse).toBeNull();
    expect(host.pending).toEqual([]);
  });

  it("leaves a path of 45 KB to the upstream, and takes no more memory for many of them", async () => {
    const host = await start(file, CONFIG);
    const path = `/${"v1/usage/".repeat(5000)}`;
    const ask = (id: number): void => {
      expect(host.request(id, ROOT, { ...ALICE, ":path": path }).localResponse).toBeNull();
      host.end(id);
    };
    for (let id = 2; id < 100; ++id) ask(id);
    const warm = host.memoryBytes;
    for (let id = 100; id < 500; ++id) ask(id);
    expect(host.memoryBytes).toBe(warm);
  });

  it("is a path like any other where it is not configured", async () => {
    for (const config of [PER_KEY, { ...PER_KEY, usage_path: "" }, { ...PER_KEY, usage_path: null }]) {
      const host = await start(file, config);
      expect(host.request(2, ROOT, ALICE).action).toBe(CONTINUE);
      expect(host.request(3, ROOT, { ...ALICE, ":method": "POST" }).action).toBe(PAUSE);
      expect(host.streams.get(3)!.localResponse).toBeNull();
    }
  });

  it("belongs to the configuration that applies to the request", async () => {
    const rule = { ...PER_KEY, rule_name: "a", usage_path: "/A/Usage", _match_domain_: ["a.com"] };
    const host = await start(file, { ...CONFIG, _rules_: [rule] });
    const ask = (authority: string, path: string, id: number) =>
      host.request(id, ROOT, { ...ALICE, ":authority": authority, ":path": path });
    expect(ask("a.com", "/a/usage", 2).action).toBe(PAUSE);
    const key = "higress-token-ratelimit:a:limit_by_per_header:60:x-api-key:alice";
    expect(String(host.pending[0]!.args[3])).toBe(key);
    expect(ask("a.com", PATH, 3).action).toBe(CONTINUE);
    expect(ask("b.com", PATH, 4).action).toBe(PAUSE);
    expect(ask("b.com", "/a/usage", 5).action).toBe(CONTINUE);
  });

  it("asks for the hashed names of hash_keys, and does not show them", async () => {
    const host = await start(file, { ...CONFIG, hash_keys: true, redis: { ...REDIS, password: "secret" } });
    const stream = host.request(2, ROOT, ALICE);
    const key = String(host.pending[0]!.args[3]);
    expect(key).toMatch(/:x-api-key:[0-9a-f]{32}$/);
    host.reply(ROOT, counter(7));
    expect(bodyOf(stream.localResponse).windows).toMatchObject([{ used: 7 }]);
    expect(stream.localResponse!.body).not.toContain(key.split(":").at(-1));
  });

  it("answers with 512 windows, which is as many as a request may have", async () => {
    const limits = { token_per_second: 1, token_per_minute: 2, token_per_hour: 3, token_per_day: 4 };
    const items = Array.from({ length: 128 }, (_, i) => limit("limit_by_header", `x-${i}`, "a", limits));
    const host = await start(file, { ...CONFIG, rule_mode: "all_match", rule_items: items });
    const headers = Object.fromEntries(items.map((_, i) => [`x-${i}`, "a"]));
    const replies = Array.from({ length: 512 }, () => ["9007199254740993", 86_400_000] as const).flat();
    const { windows } = bodyOf(answered(host, { ...GET, ...headers }, array(...replies)));
    expect(windows).toHaveLength(512);
    expect(windows.at(-1)).toMatchObject({ rule: "rule_items[127].limit_keys[0]", window_seconds: 86400 });
  });
});

describe.each(ENVOY_MODULES)("in stock Envoy: %s", (_name, file) => {
  const redis = { service_name: "redis.dns", http: { cluster: "webdis" } };

  async function startEnvoy(): Promise<HttpHost> {
    const host = await HttpHost.load(file);
    host.clusters.add("webdis");
    expect(host.configure(ROOT, { ...CONFIG, redis })).toBe(true);
    return host;
  }

  it.each([
    ["with the windows", 200, '{"EVALSHA":["12",40001]}', 200],
    ["with an unused window", 200, '{"EVALSHA":[null,-2]}', 200],
    ["above the limit", 200, '{"EVALSHA":["101",40001]}', 200],
    ["503 when Webdis fails", 503, "no healthy upstream", 503],
    ["503 when nothing comes back", null, "", 503],
    ["503 when Redis refuses", 200, '{"EVALSHA":[false,"NOPERM no"]}', 503],
  ])("answers %s, for one call", async (_what, status, body, code) => {
    const host = await startEnvoy();
    const stream = host.request(2, ROOT, ALICE);
    expect(stream.action).toBe(PAUSE);
    expect(host.calls).toHaveLength(1);
    host.respond(ROOT, status, body);
    expect(host.calls).toEqual([]);
    expect(stream.localResponse).toMatchObject({ code, details: "ai-token-ratelimit.usage" });
    expect(stream.continued).toBe(0);
    if (code !== 200) return;
    const used = Number(/"(\d+)"/.exec(body)?.[1] ?? 0);
    expect(bodyOf(stream.localResponse).windows).toMatchObject([{ limit: 100, used }]);
  });

  it("answers 405, and whom no rule limits, without a call", async () => {
    const host = await startEnvoy();
    expect(host.request(2, ROOT, { ...ALICE, ":method": "HEAD" }).localResponse).toMatchObject({ code: 405 });
    expect(host.request(3, ROOT, GET).localResponse).toMatchObject({ code: 200 });
    expect(host.calls).toEqual([]);
  });
});
