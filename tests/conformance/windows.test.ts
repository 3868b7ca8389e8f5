// Contract: windows of the calendar and limits on requests, from the configuration to what Redis is asked, and from its reply to
// what happens. The scripts themselves: tests/lua/calendar.test.ts and requests.test.ts.
import { describe, expect, it } from "vitest";
import { array, made, MODULES, PAUSE, ROOT, start, usageBody } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { masked } from "../support/websocket.ts";
import { config, granted, LAPSES_AT_MS, parse, rowsOf } from "./checks-of-kinds.ts";
import { ID, SWITCHES, word } from "./connection.ts";

const ONE = "higress-token-ratelimit:r:limit_by_per_header";
const SEVERAL = "higress-token-ratelimit:{r}:limit_by_per_header";
const DAYS = 86_400;

describe.each(MODULES)("%s", (_name, file) => {
  const ask = (host: StrictHost, id = 2) => host.request(id, ROOT, { "x-api-key": "ann" });

  it.each<[object, object, string[], string[]]>([
    [
      { token_per_day: 100 },
      { calendar: true, time_zone: "+08:00" },
      ["c86400+28800", "100"],
      [`${ONE}:c86400+28800:x-api-key:ann`],
    ],
    [{ request_per_minute: 9 }, {}, ["r60", "9"], [`${ONE}:r60:x-api-key:ann`]],
    [
      { token_per_minute: 100, request_per_minute: 9, request_per_month: 50, in_flight: 3 },
      {},
      ["60", "100", "r60", "9", "r2592000", "50", "i", "3"],
      ["60", "r60", "r2592000", "i0"].map((window) => `${SEVERAL}:${window}:x-api-key:ann`),
    ],
    [
      { token_per_week: 100, request_per_second: 9 },
      { calendar: true, time_zone: "-03:30" },
      ["c604800-12600", "100", "rc1-12600", "9"],
      ["c604800-12600", "rc1-12600"].map((window) => `${SEVERAL}:${window}:x-api-key:ann`),
    ],
    [
      { token_per_minute: 100, burst: 300, request_per_minute: 9 },
      { algorithm: "token_bucket" },
      ["b60:100", "300", "rb60:9", "9"],
      ["b60", "rb60"].map((window) => `${SEVERAL}:${window}:x-api-key:ann`),
    ],
    [
      { request_per_hour: 9 },
      { algorithm: "sliding_window" },
      ["rs3600", "9"],
      [`${ONE}:rs3600:x-api-key:ann`],
    ],
  ])("checks %j with %j in one script, under names of their own", async (limit, more, rows, counters) => {
    const host = await start(file, config(limit, more));
    expect(ask(host).action).toBe(PAUSE);
    expect(rowsOf(host)).toEqual(rows);
    expect(parse(host.pending[0]!).counters).toEqual(counters);
  });

  it("keeps two rules on one counter as one row, with the lower limit, and those on two clocks apart", async () => {
    const item = (request_per_day: number, more: object): object => ({
      limit_by_per_header: "x-api-key",
      calendar: true,
      limit_keys: [{ key: "*", request_per_day }],
      ...more,
    });
    const host = await start(
      file,
      config(
        {},
        { rule_mode: "all_match", rule_items: [item(9, {}), item(5, {}), item(7, { time_zone: "+08:00" })] },
      ),
    );
    ask(host);
    expect(rowsOf(host)).toEqual(["rc86400+0", "5", "rc86400+28800", "7"]);
  });

  it("charges tokens when a call ends, and leaves the counting of requests to the check", async () => {
    const host = await start(file, config({ token_per_day: 100, request_per_day: 9 }, { calendar: true }));
    ask(host);
    host.reply(ROOT, granted);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    const { values } = parse(host.pending[0]!);
    expect([values[1], values[3]]).toEqual(["12", String(LAPSES_AT_MS)]);
    expect(values.slice(6)).toEqual(["c86400+0", "rc86400+0"]);
    host.reply(ROOT, made(12, 0));
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("checks a call once, whether it is answered, fails, is given up, or its check gets no reply", async () => {
    for (const reply of [granted, null]) {
      for (const status of ["200", "500", null]) {
        const host = await start(file, config({ request_per_day: 9 }));
        const stream = ask(host);
        host.reply(ROOT, reply);
        expect(stream.continued).toBe(1);
        if (status !== null) host.responseHeaders(2, { ":status": status }, true);
        host.end(2);
        // What follows takes back a hold of nothing.
        const later = host.pending.map(({ args }) => args.map(String));
        for (const args of later) expect(args.at(-2)).toBe("r86400");
      }
    }
  });

  it.each<[object, (string | number | null)[], string | undefined]>([
    [{ request_per_minute: 9 }, ["9", 12_300, "0"], undefined],
    [{ request_per_month: 9 }, ["9", 9 * DAYS * 1000, "0"], "false"],
    [{ token_per_minute: 100, request_per_minute: 9 }, ["20", 30_000, "70", "9", 12_300, "0"], undefined],
  ])("denies %j when as many calls have passed", async (limit, reply, shouldRetry) => {
    const host = await start(file, config(limit));
    const stream = ask(host);
    host.reply(ROOT, array(...reply));
    expect(stream.localResponse!.code).toBe(429);
    const headers = Object.fromEntries(stream.localResponse!.headers);
    const leftMs = Number(reply.at(-2));
    expect(headers).toMatchObject({ "Retry-After": String(Math.ceil(leftMs / 1000)) });
    expect(headers["x-should-retry"]).toBe(shouldRetry);
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("denies by tokens alone when calls are left, and then says when tokens are", async () => {
    const host = await start(file, config({ token_per_minute: 100, request_per_minute: 9 }));
    const stream = ask(host);
    host.reply(ROOT, array("100", 42_000, "0", "8", 12_000, "0"));
    expect(Object.fromEntries(stream.localResponse!.headers)).toMatchObject({ "Retry-After": "42" });
  });

  it("tells requests from tokens on usage_path, where reading counts nothing", async () => {
    const host = await start(
      file,
      config({ token_per_day: 100, request_per_day: 9 }, { calendar: true, usage_path: "/usage" }),
    );
    const stream = host.request(2, ROOT, { "x-api-key": "ann", ":method": "GET", ":path": "/usage" });
    expect(parse(host.pending[0]!).values.slice(1, 4)).toEqual(["0", "0", "1"]);
    host.reply(ROOT, array(null, 5_000, "0", "4", 5_000, "0"));
    const { windows } = JSON.parse(stream.localResponse!.body) as { windows: object[] };
    expect(windows).toMatchObject([
      { window_seconds: DAYS, limit: 100, used: 0, held: 0, remaining: 100, reset_seconds: 5 },
      { unit: "requests", window_seconds: DAYS, limit: 9, used: 4, held: 0, remaining: 5, reset_seconds: 5 },
    ]);
    expect(windows[0]).not.toHaveProperty("unit");
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("names units in the log, and never a charge of tokens to requests", async () => {
    const host = await start(file, config({ token_per_day: 100, request_per_day: 9 }));
    host.logLevel = 1;
    ask(host);
    host.reply(ROOT, array("100", 42_000, "0", "8", 12_000, "0"));
    const lines = host.lines(1).join("\n");
    expect(lines).toContain("rule_items[0].limit_keys[0]: 100 of 100 tokens per 86400 s used");
    expect(lines).toContain("rule_items[0].limit_keys[0]: 8 of 9 requests per 86400 s used");
    host.end(2);
    ask(host, 3);
    host.reply(ROOT, granted);
    host.responseHeaders(3, { "content-type": "application/json" });
    host.responseBody(3, usageBody(8, 4), true);
    host.reply(ROOT, made(12, 0));
    const charges = host.lines(1).filter((line) => line.endsWith("of them now"));
    expect(charges).toEqual([expect.stringContaining(": 12 of 100 tokens per 86400 s used, 12 of them now")]);
  });

  it("lets a WebSocket be one call: what it says later neither counts nor is closed for lack of calls", async () => {
    const host = await start(file, config({ token_per_minute: 100, request_per_minute: 1 }));
    const handshake = { "x-api-key": "ann", ":method": "GET", ":path": "/v1/realtime", upgrade: "websocket" };
    const stream = host.request(ID, ROOT, handshake, false);
    host.reply(ROOT, granted);
    host.responseHeaders(ID, SWITCHES);
    host.now += 6_000;
    host.requestBody(ID, masked("{}"));
    // It reads only: no counter gives what it asks for.
    expect(parse(host.pending[0]!).values[3]).toBe("1");
    host.reply(ROOT, array("50", 30_000, "0", "2", 30_000, "0"));
    host.responseBody(ID, word);
    expect(Buffer.from(stream.toClient)[0]).not.toBe(0x88);
  });

  it("gives a call no second count when it has to settle later", async () => {
    const host = await start(file, config({ token_per_day: 9, request_per_day: 9 }, { calendar: true }));
    ask(host);
    host.reply(ROOT, granted);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    host.reply(ROOT, null);
    host.end(2);
    host.pass(ROOT, 1_500);
    expect(parse(host.pending[0]!).values.slice(6)).toEqual(["c86400+0", "rc86400+0"]);
  });
});
