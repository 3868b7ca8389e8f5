// Contract: what a configuration says about algorithms and calls at the same time reaches the scripts, and what they answer
// decides. The scripts themselves: tests/lua/kinds.test.ts.
import { describe, expect, it } from "vitest";
import { array, made, MODULES, PAUSE, REDIS, ROOT, start, usageBody } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { masked } from "../support/websocket.ts";
import { config, granted, LAPSES_AT_MS, parse, rowsOf } from "./checks-of-kinds.ts";
import { ID, SWITCHES, word } from "./connection.ts";

const RULE = "higress-token-ratelimit:r:limit_by_per_header";

describe.each(MODULES)("%s", (_name, file) => {
  const ask = (host: StrictHost, id = 2) => host.request(id, ROOT, { "x-api-key": "ann" });

  it.each([
    [
      { token_per_minute: 100 },
      { algorithm: "sliding_window" },
      ["s60", "100"],
      [`${RULE}:s60:x-api-key:ann`],
    ],
    [
      { token_per_minute: 100 },
      { algorithm: "token_bucket" },
      ["b60:100", "100"],
      [`${RULE}:b60:x-api-key:ann`],
    ],
    [
      { token_per_minute: 100, burst: 300 },
      { algorithm: "token_bucket" },
      ["b60:100", "300"],
      [`${RULE}:b60:x-api-key:ann`],
    ],
    [{ in_flight: 3 }, {}, ["i", "3"], [`${RULE}:i0:x-api-key:ann`]],
    [
      { token_per_minute: 100, token_per_day: 900, in_flight: 3 },
      {},
      ["60", "100", "86400", "900", "i", "3"],
      [
        "higress-token-ratelimit:{r}:limit_by_per_header:60:x-api-key:ann",
        "higress-token-ratelimit:{r}:limit_by_per_header:86400:x-api-key:ann",
        "higress-token-ratelimit:{r}:limit_by_per_header:i0:x-api-key:ann",
      ],
    ],
  ])("checks %j with %j in one script, under names of their own", async (limit, more, rows, counters) => {
    const host = await start(file, config(limit, more));
    expect(ask(host).action).toBe(PAUSE);
    expect(rowsOf(host)).toEqual(rows);
    expect(parse(host.pending[0]!).counters).toEqual(counters);
    expect(parse(host.pending[0]!).values.slice(1, 4)).toEqual(["0", "0", "0"]);
  });

  it("lets a rule have another algorithm than the configuration, in one demand with the global threshold", async () => {
    const host = await start(file, {
      rule_name: "r",
      rule_mode: "all_match",
      algorithm: "sliding_window",
      global_threshold: { token_per_hour: 1000 },
      rule_items: [
        {
          limit_by_per_header: "x-api-key",
          algorithm: "token_bucket",
          limit_keys: [{ key: "*", token_per_minute: 10 }],
        },
        {
          limit_by_per_header: "x-team",
          algorithm: "fixed_window",
          limit_keys: [{ key: "*", token_per_minute: 20 }],
        },
      ],
      redis: REDIS,
    });
    host.request(2, ROOT, { "x-api-key": "ann", "x-team": "a" });
    expect(rowsOf(host)).toEqual(["s3600", "1000", "b60:10", "10", "60", "20"]);
  });

  it("charges what a call has consumed to counters of every kind", async () => {
    const host = await start(
      file,
      config({ token_per_minute: 100, in_flight: 2 }, { algorithm: "token_bucket" }),
    );
    const stream = ask(host);
    host.reply(ROOT, granted);
    expect(stream.continued).toBe(1);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    const { values } = parse(host.pending[0]!);
    expect([values[1], values[3], values[4]]).toEqual(["12", String(LAPSES_AT_MS), "0"]);
    expect(values.slice(6)).toEqual(["b60:100", "i"]);
    host.reply(ROOT, made(12, 0));
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it.each([
    ["an error", { ":status": "500" }],
    ["nothing", null],
  ])("ends a call at the same time whose answer is %s", async (_what, headers) => {
    const host = await start(file, config({ in_flight: 2 }));
    ask(host);
    host.reply(ROOT, granted);
    if (headers) host.responseHeaders(2, headers, true);
    host.end(2);
    const { values } = parse(host.pending[0]!);
    expect([values[1], values[3]]).toEqual(["0", String(LAPSES_AT_MS)]);
  });

  it.each([
    [{ token_per_minute: 100 }, "token_bucket", array("120", 12_300, "0"), "13"],
    [{ token_per_minute: 100 }, "sliding_window", array("100", 700, "0"), "1"],
    [{ in_flight: 2 }, "fixed_window", array("0", -1, "2"), "5"],
  ])("denies %j with %s, and says exactly when to try again", async (limit, algorithm, reply, retryAfter) => {
    const host = await start(file, config(limit, { algorithm }));
    const stream = ask(host);
    host.reply(ROOT, reply);
    expect(stream.localResponse!.code).toBe(429);
    expect(Object.fromEntries(stream.localResponse!.headers)).toMatchObject({ "Retry-After": retryAfter });
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("tells on usage_path what is used and held, and reserves nothing for it", async () => {
    const host = await start(
      file,
      config({ token_per_minute: 100, in_flight: 2 }, { algorithm: "token_bucket", usage_path: "/usage" }),
    );
    const stream = host.request(2, ROOT, { "x-api-key": "ann", ":method": "GET", ":path": "/usage" });
    expect(parse(host.pending[0]!).values.slice(1, 4)).toEqual(["0", "0", "1"]);
    host.reply(ROOT, array("30", 0, "25", "0", -1, "1"));
    const { windows } = JSON.parse(stream.localResponse!.body) as { windows: object[] };
    expect(windows).toMatchObject([
      { window_seconds: 60, limit: 100, used: 30, held: 25, remaining: 45 },
      { window_seconds: 0, limit: 2, used: 0, held: 1, remaining: 1 },
    ]);
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it.each([
    ["usage_path", { ":path": "/usage" }],
    ["the handshake of a WebSocket", { ":path": "/v1/realtime", upgrade: "websocket" }],
  ])("treats lapsed holds as configured when it reads counters for %s", async (_what, headers) => {
    const reservation = { mode: "estimate", ttl_seconds: 8_000, on_lapse: "charge" };
    const host = await start(
      file,
      config({ token_per_minute: 100 }, { algorithm: "sliding_window", usage_path: "/usage", reservation }),
    );
    host.request(2, ROOT, { "x-api-key": "ann", ":method": "GET", ...headers });
    expect(parse(host.pending[0]!).values.slice(5, 7)).toEqual(["1000000", "charge"]);
  });

  it.each([
    ["calls at the same time, of which it is one itself", array("0", 30_000, "0", "0", -1, "1"), "word"],
    ["used tokens", array("101", 30_000, "0", "0", -1, "1"), "close"],
  ])("rechecks a WebSocket, and decides by %s", async (_what, reply, next) => {
    const host = await start(
      file,
      config({ token_per_minute: 100, in_flight: 1 }, { algorithm: "sliding_window" }),
    );
    const stream = host.request(
      ID,
      ROOT,
      { "x-api-key": "ann", ":method": "GET", ":path": "/v1/realtime", upgrade: "websocket" },
      false,
    );
    host.reply(ROOT, granted);
    host.responseHeaders(ID, SWITCHES);
    host.now += 6_000;
    host.requestBody(ID, masked("{}"));
    // It reserves nothing: the connection has its place.
    expect(parse(host.pending[0]!).values[3]).toBe("1");
    host.reply(ROOT, reply);
    expect(host.pending).toEqual([]);
    host.responseBody(ID, word);
    const isClosed = Buffer.from(stream.toClient)[0] === 0x88;
    expect(isClosed ? "close" : "word").toBe(next);
  });

  it("charges again with its kind what had to wait for Redis", async () => {
    const host = await start(
      file,
      config({ token_per_minute: 100, burst: 300 }, { algorithm: "token_bucket" }),
    );
    ask(host);
    host.reply(ROOT, granted);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    host.reply(ROOT, null);
    host.end(2);
    host.pass(ROOT, 1_500);
    expect(parse(host.pending[0]!).values.slice(6)).toEqual(["b60:100"]);
  });

  it.each([
    [
      config({ token_per_minute: 1, burst: 2 }),
      "burst: needs algorithm token_bucket and exactly one token_per_*",
    ],
    [
      config({ token_per_minute: 1, token_per_day: 2, burst: 2 }, { algorithm: "token_bucket" }),
      "burst: needs algorithm token_bucket and exactly one token_per_*",
    ],
    [
      config({ token_per_minute: 1 }, { algorithm: "leaky" }),
      "algorithm: must be fixed_window or sliding_window",
    ],
    [config({ in_flight: 0 }), "in_flight: must be a whole number"],
    [config({}), "needs at least one token_per_*, request_per_* or in_flight"],
  ])("refuses %j", async (configuration, message) => {
    const host = await start(file);
    expect(host.configure(ROOT, configuration)).toBe(false);
    expect(host.lines().join("\n")).toContain(message);
  });
});
