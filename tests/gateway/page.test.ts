// Contract of the page's server side: nobody but the operator's own browser gets an answer, what callers send is bounded and masked, and
// recorded calls are played with their times. The page in a browser is tests/page/.
import { ServerResponse, IncomingMessage } from "node:http";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import type { StreamState } from "../../gateway/src/chain/filter.ts";
import { HeaderMap } from "../../gateway/src/chain/header-map.ts";
import type { WindowReading } from "../../gateway/src/decisions/record.ts";
import { Lua } from "../../gateway/src/memory-redis/lua.ts";
import { DEFAULT_WASM } from "../../gateway/src/modules.ts";
import { Calls, type Call } from "../../gateway/src/page/call.ts";
import { Counters } from "../../gateway/src/page/counters.ts";
import { EventStream } from "../../gateway/src/page/event-stream.ts";
import { Observer } from "../../gateway/src/page/observer.ts";
import { Series } from "../../gateway/src/page/series.ts";
import { encodeCommand } from "../../gateway/src/redis/command.ts";
import { replay, type PlayedCall } from "../../gateway/src/sandbox/replay.ts";
import { send, startTestGateway, startUpstream } from "./support.ts";

const KEY = "higress-token-ratelimit:r:limit_by_per_header:60:x-key:";
const READING: WindowReading = {
  ...{ rule: "rule_items[0].limit_keys[0]", kind: "fixed_window", seconds: 60, unit: "tokens" },
  ...{ limit: 100, used: 40, held: 10, remaining: 50, resetSeconds: 30 },
};
const INFO = { routeName: "r", clusterName: "outbound|80||u.static", sourceAddress: "127.0.0.1:1" };

function stream(path = "/v1/chat/completions?key=secret"): StreamState {
  const requestHeaders = new HeaderMap([
    [":method", "POST"],
    [":path", path],
  ]);
  return {
    info: INFO,
    properties: new Map(),
    requestHeaders,
    responseHeaders: null,
    details: "via_upstream",
  };
}

describe("the admin port", () => {
  async function start(): Promise<{ url: string; token: string; host: string }> {
    const upstream = await startUpstream((_request, response) => response.end("ok"));
    const { adminUrl, pageUrl } = await startTestGateway({ upstream, page: true });
    return { url: adminUrl, token: pageUrl?.split("=")[1] ?? "", host: new URL(adminUrl).host };
  }
  const post = { method: "POST", headers: { "content-type": "application/json" } };

  it.each([
    ["a name that leads to this machine", { host: "evil.example" }, 421],
    ["another name with our port", { host: "127.0.0.1.evil.example:9901" }, 421],
    ["another origin", { origin: "https://evil.example" }, 403],
    ["no origin that can be told", { origin: "null" }, 403],
    ["a page of another port", { origin: "http://127.0.0.1:1" }, 403],
    ["another site's picture", { "sec-fetch-site": "cross-site" }, 403],
    ["a page of the same site", { "sec-fetch-site": "same-site" }, 403],
  ])("does not answer %s", async (_what, headers, status) => {
    const { url } = await start();
    for (const path of ["/", "/events", "/app.js"])
      expect((await send(url + path, { headers })).status, path).toBe(status);
    const reply = await send(
      url + "/api/find",
      { ...post, headers: { ...post.headers, ...headers } },
      '{"value":"x"}',
    );
    expect(reply.status).toBe(status);
  });

  it("does not take what a form can send, nor other methods", async () => {
    const { url } = await start();
    expect(
      (await send(url + "/api/find", { method: "POST", headers: { "content-type": "text/plain" } }, "{}"))
        .status,
    ).toBe(415);
    expect((await send(url + "/api/find", { method: "PUT" })).status).toBe(405);
  });

  it("asks for the token before it shows the configuration or changes anything", async () => {
    const { url, token } = await start();
    for (const path of ["configuration", "apply", "reset", "grant"]) {
      expect((await send(`${url}/api/${path}`, post, "{}")).status, path).toBe(401);
      const wrong = { ...post, headers: { ...post.headers, "x-operator-token": `${token}x` } };
      expect((await send(`${url}/api/${path}`, wrong, "{}")).status, path).toBe(401);
    }
    const right = { ...post, headers: { ...post.headers, "x-operator-token": token } };
    // The plugin of this gateway is no rate limiter.
    expect((await send(`${url}/api/reset`, right, '{"counter":1}')).status).toBe(404);
  });

  it("lets no script into the page, and no page around it", async () => {
    const { url } = await start();
    const { headers } = await send(url);
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self';");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  it.each([
    "/../package.json",
    "/%2e%2e/package.json",
    "/vendor/../../package.json",
    "/api/constructor",
    "/.git/config",
    "//etc/passwd",
  ])("has no %s", async (path) => {
    const { url, host } = await start();
    expect((await send(url, { path, headers: { host } })).status).toBe(404);
  });

  it("goes on serving metrics to whoever asks", async () => {
    const { url } = await start();
    expect((await send(`${url}/metrics`, { headers: { host: "gateway:9901" } })).status).toBe(200);
  });
});

describe("a listener", () => {
  it("that does not read is dropped", () => {
    const events = new EventStream();
    const socket = new Socket();
    const response = new ServerResponse(new IncomingMessage(socket));
    response.assignSocket(socket);
    expect(events.add(response, "state", {})).toBe(true);
    for (let i = 0; i < 100 && !response.destroyed; i++) events.send("batch", { text: "x".repeat(100_000) });
    expect(response.destroyed).toBe(true);
    response.emit("close");
    expect(events.size).toBe(0);
  });

  it("is not let in if too many are there", () => {
    const events = new EventStream();
    const add = (): boolean => events.add(new ServerResponse(new IncomingMessage(new Socket())), "state", {});
    expect(Array.from({ length: 20 }, add).filter(Boolean)).toHaveLength(16);
  });
});

describe("counters", () => {
  it("show what was read, and of their caller a mask", () => {
    const counters = new Counters(() => 1000);
    const id = counters.read(`${KEY}sk-alice-0123456789`, READING);
    expect(counters.all()).toMatchObject([
      { id, caller: "sk-…89", used: 40, held: 10, limit: 100, resetAt: 31_000 },
    ]);
    expect(JSON.stringify(counters.takeChanges())).not.toContain("alice");
    expect(counters.find("sk-alice-0123456789")).toEqual([id]);
    expect(counters.find("sk-alice")).toEqual([]);
  });

  it("are bounded, and the one that nobody has touched for longest goes first", () => {
    const counters = new Counters(() => 1000, 3);
    for (const caller of ["a", "b", "c", "a", "d"]) counters.read(KEY + caller, READING);
    expect(counters.all()).toHaveLength(3);
    expect(counters.find("b")).toEqual([]);
    expect(counters.takeChanges().gone).toHaveLength(1);
  });

  it("are forgotten when their window is over and nobody has come for ten minutes", () => {
    let now = 0;
    const counters = new Counters(() => now);
    counters.read(`${KEY}a`, READING);
    now = 599_999;
    expect(counters.takeChanges().gone).toEqual([]);
    now = 600_000;
    expect(counters.takeChanges().gone).toHaveLength(1);
    expect(counters.all()).toEqual([]);
  });
});

describe("calls", () => {
  const observed = (): { observer: Observer; counters: Counters } => {
    const counters = new Counters(() => 1000);
    return {
      counters,
      observer: new Observer(
        counters,
        new Series(),
        () => 1000,
        () => "m".repeat(500),
      ),
    };
  };
  const line = (record: object): string => `[ai-token-ratelimit] decision ${JSON.stringify(record)}`;

  it("tell what the filter has decided, then how they ended", () => {
    const { observer, counters } = observed();
    const state = stream();
    observer.onRedisCall(
      state,
      encodeCommand(["EVALSHA", "0", "1", `${KEY}sk-alice-0123456789`, "60"]),
    )(true);
    const { resetSeconds, ...window } = READING;
    const record = {
      outcome: "allowed",
      rule: READING.rule,
      windows: [{ ...window, reset_seconds: resetSeconds }],
    };
    observer.onLine(state, line(record));
    expect(observer.takeChanges()).toMatchObject([
      { outcome: "allowed", caller: "sk-…89", status: null, path: "/v1/chat/completions?key=***" },
    ]);
    expect(counters.all()).toMatchObject([{ used: 40, held: 10 }]);
    observer.onLine(state, line({ ...record, actual: { output: 7 }, charged: 7 }));
    observer.onEnd(state, 200, 12.4);
    expect(observer.calls.list()).toMatchObject([
      { charged: 7, status: 200, durationMs: 12, windows: [{ used: 40, counter: 1 }] },
    ]);
  });

  it("are known by how they end where the filter writes no records", () => {
    const { observer } = observed();
    const [passed, denied, unmatched, elsewhere] = [stream(), stream(), stream(), stream()];
    for (const one of [passed, denied])
      observer.onRedisCall(one, encodeCommand(["EVALSHA", "0", "1", `${KEY}a`, "60"]))(true);
    denied.details = "ai-token-ratelimit.rejected";
    elsewhere.details = "Request_denied_by_Key_Auth_check.";
    for (const one of [passed, denied, unmatched, elsewhere]) observer.onEnd(one, 200, 1);
    expect(observer.calls.list().map(({ outcome }) => outcome)).toEqual(["allowed", "denied", "unmatched"]);
  });

  it("are bounded in number and bytes, whatever callers send", () => {
    const { observer } = observed();
    const state = stream(`/${"a".repeat(60_000)}`);
    observer.onEnd(state, 200, 1);
    expect(JSON.stringify(observer.calls.list()).length).toBeLessThan(1000);
    const calls = new Calls(100, 10_000);
    const [call] = observer.calls.list() as [Call];
    for (let id = 0; id < 200; id++) calls.set({ ...call, id, why: "x".repeat(id < 100 ? 10 : 900) });
    expect(calls.list().length).toBeLessThan(12);
    expect(calls.list().at(-1)?.id).toBe(199);
  });
});

describe("a replay", () => {
  let tools: { lua: Lua; module: WebAssembly.Module };
  beforeAll(async () => {
    tools = { lua: await Lua.create(), module: await WebAssembly.compile(readFileSync(DEFAULT_WASM)) };
  });
  const limited = (tokens: number): string =>
    JSON.stringify({
      ...{ rule_name: "r", redis: { service_name: "r.static" } },
      rule_items: [{ limit_by_per_header: "x-key", limit_keys: [{ key: "*", token_per_minute: tokens }] }],
    });
  const played = (at: number, key: string, isAnswered = true): PlayedCall => ({
    ...{ at, durationMs: 500, info: INFO },
    request: {
      headers: [
        [":authority", "h"],
        [":path", "/v1/chat/completions"],
        [":method", "POST"],
        ["x-key", key],
        ["content-type", "application/json"],
      ],
      body: Buffer.from('{"model":"m","messages":[]}'),
    },
    response: !isAnswered
      ? null
      : {
          headers: [
            [":status", "200"],
            ["content-type", "application/json"],
          ],
          body: Buffer.from('{"usage":{"prompt_tokens":10,"completion_tokens":50,"total_tokens":60}}'),
        },
  });

  it("denies whom the limit would have denied, at the times at which they came", async () => {
    const calls = [0, 1000, 2000, 3000, 70_000].map((at) => played(1_700_000_000_000 + at, "alice"));
    const denied = async (tokens: number): Promise<boolean[]> =>
      (await replay(calls, limited(tokens), tools)).map((one) => one.denied);
    expect(await denied(1000)).toEqual([false, false, false, false, false]);
    // The window that the first call began is over before the last one.
    expect(await denied(100)).toEqual([false, false, true, true, false]);
  });

  it("charges a call when it ended, not when it came", async () => {
    const calls = [0, 100, 200].map((at) => played(1_700_000_000_000 + at, "alice"));
    expect((await replay(calls, limited(1), tools)).map((one) => one.denied)).toEqual([false, false, false]);
  });

  it("gives a call that got no answer then the latest that there was", async () => {
    const calls = [played(0, "alice"), played(1000, "bob", false), played(2000, "bob"), played(3000, "bob")];
    const results = await replay(calls, limited(100), tools);
    expect(results.map((one) => one.denied)).toEqual([false, false, false, true]);
    expect(results[0]).toEqual({ denied: false, limited: true, caller: "a…" });
  });
});
