// Contract: in a host without Redis calls, the filter does all that it does in Higress by HTTP calls to Webdis. Whatever
// comes back, the request passes or is rejected as the counters say, once, and every failure is counted as what it is.
// Specified in proxy-wasm 0.2.1 (proxy_http_call) and by Webdis (https://github.com/nicolasff/webdis).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { chargeOf, CONTINUE, LEFT_MS, metric, PAUSE, PER_KEY, ROOT, usageBody } from "../support/filter.ts";
import { Status } from "../support/strict-host.ts";
import { ENVOY_MODULES, HttpHost } from "./http-host.ts";

const KEY = "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice";
const ALICE = { "x-api-key": "alice" };
const CONFIGURATION = {
  ...PER_KEY,
  redis: {
    service_name: "redis.dns",
    timeout: 250,
    http: { cluster: "webdis", path: "/redis", authorization: "Basic dTpw" },
  },
};
const CLUSTER = "webdis";
const json = (reply: unknown): string => JSON.stringify({ EVALSHA: reply });
const FREE = json([null, -2]);
const NOSCRIPT = json([false, "NOSCRIPT No matching script. Please use EVAL."]);

async function start(file: string, configuration: unknown = CONFIGURATION): Promise<HttpHost> {
  const host = await HttpHost.load(file);
  host.clusters.add(CLUSTER);
  if (!host.configure(ROOT, configuration)) throw new Error(host.lines().join("\n"));
  return host;
}

/** An admitted request of alice's that has consumed 7 tokens, whose charge is on its way. */
function consume(host: HttpHost, id = 2): void {
  host.request(id, ROOT, ALICE);
  host.respond(ROOT, 200, FREE);
  host.responseHeaders(id, { "content-type": "application/json" });
  host.responseBody(id, usageBody(3, 4), true);
  host.end(id);
}

describe.each(ENVOY_MODULES)("%s", (_name, file) => {
  it("is a module of ABI 0.2.1 without Redis calls", async () => {
    const module = await WebAssembly.compile(readFileSync(file));
    const names = WebAssembly.Module.exports(module).map(({ name }) => name);
    expect(names.filter((name) => /abi_version|redis/.test(name))).toEqual(["proxy_abi_version_0_2_1"]);
    expect(names).toContain("proxy_on_http_call_response");
    expect(WebAssembly.Module.imports(module).filter(({ name }) => name.includes("redis"))).toEqual([]);
  });

  it("says at start which limits are in force, and where it looks for Redis", async () => {
    const host = await start(file);
    expect(host.lines(2)).toEqual([
      expect.stringContaining('rule "r": first_match, 1 rule item; Redis: webdis'),
    ]);
  });

  it("sends each rule's commands with its own credentials, to its own database, though all go to one service", async () => {
    const rule = (name: string, database: number, authorization: string, timeout: number): object => ({
      rule_name: name,
      global_threshold: { token_per_minute: 10 },
      redis: { service_name: "redis.dns", database, timeout, http: { cluster: "webdis", authorization } },
    });
    const host = await start(file, {
      _rules_: [
        { ...rule("a", 1, "Basic YQ==", 100), _match_route_: "a" },
        { ...rule("b", 2, "Basic Yg==", 200), _match_route_: "b" },
      ],
    });
    for (const [i, route] of ["a", "b", "a"].entries()) {
      host.properties.set("xds.route_name", route);
      host.request(2 + i, ROOT, {});
    }
    const sent = host.calls.map(({ timeout, headers, command }) => [
      command.args[3]!.split(":")[1],
      command.database,
      headers.authorization,
      timeout,
    ]);
    const [a, b] = [
      ["a", "1", "Basic YQ==", 100],
      ["b", "2", "Basic Yg==", 200],
    ];
    expect(sent).toEqual([a, b, a]);
  });

  it("asks Webdis for the counters, and pauses the request", async () => {
    const host = await start(file);
    const stream = host.request(2, ROOT, ALICE);
    expect(stream.action).toBe(PAUSE);
    expect(host.calls).toMatchObject([
      {
        cluster: "webdis",
        timeout: 250,
        headers: {
          ":method": "POST",
          ":path": "/redis",
          ":authority": "redis.dns",
          authorization: "Basic dTpw",
        },
        command: { database: "", format: "json" },
      },
    ]);
    expect(host.calls[0]!.command.args).toEqual([
      "EVALSHA",
      expect.stringMatching(/^[0-9a-f]{40}$/),
      "1",
      KEY,
      "60",
      expect.stringMatching(/^\d{19}$/),
    ]);
    host.respond(ROOT, 200, FREE);
    expect(stream.continued).toBe(1);
  });

  it("has defaults for all fields of redis.http, and sends the database", async () => {
    const host = await HttpHost.load(file);
    host.clusters.add("outbound|7379||webdis.dns");
    host.configure(ROOT, {
      ...PER_KEY,
      redis: { service_name: "webdis.dns", service_port: 7379, database: 3 },
    });
    host.request(2, ROOT, ALICE);
    expect(host.calls[0]).toMatchObject({
      cluster: "outbound|7379||webdis.dns",
      timeout: 1000,
      headers: { ":path": "/", ":authority": "webdis.dns" },
      command: { database: "3" },
    });
    expect(host.calls[0]!.headers).not.toHaveProperty("authorization");
  });

  it("rejects a request above its limit", async () => {
    const host = await start(file);
    const stream = host.request(2, ROOT, ALICE);
    host.respond(ROOT, 200, json(["101", 30_000]));
    expect(stream.continued).toBe(0);
    expect(stream.localResponse).toMatchObject({ code: 429, details: "ai-token-ratelimit.rejected" });
  });

  it("charges what a call consumed, after its stream is gone", async () => {
    const host = await start(file);
    consume(host);
    const args = host.calls[0]!.command.args.map((arg) => Buffer.from(arg));
    const charge = chargeOf({ root: ROOT, token: 0, cluster: CLUSTER, args });
    expect(charge).toMatchObject({ keys: [KEY], tokens: 7, windows: [60] });
    expect(charge.marker).toMatch(/^higress-token-ratelimit:charge:/);
    host.respond(ROOT, 200, json([LEFT_MS, 7]));
    expect(metric(host, "charged_tokens")).toBe(7);
  });

  it("sends a script that Redis does not know", async () => {
    const host = await start(file);
    const stream = host.request(2, ROOT, ALICE);
    host.respond(ROOT, 200, NOSCRIPT);
    expect(host.calls[0]!.command.args[0]).toBe("EVAL");
    expect(host.calls[0]!.command.args[1]).toContain("redis.pcall('GET',KEYS[1])");
    host.respond(ROOT, 200, FREE);
    expect(stream.continued).toBe(1);
  });

  it("understands a response that arrives before the call has returned", async () => {
    const host = await start(file);
    host.onHttpCall = () => host.respond(ROOT, 200, json(["101", 30_000]));
    const stream = host.request(2, ROOT, ALICE);
    expect(stream.localResponse?.code).toBe(429);
    host.onHttpCall = (call) => host.respond(ROOT, 200, call.command.args[0] === "EVAL" ? FREE : NOSCRIPT);
    expect(host.request(3, ROOT, ALICE).action).toBe(CONTINUE);
  });

  it("ignores responses for which nobody waits", async () => {
    const host = await start(file);
    const stream = host.request(2, ROOT, ALICE);
    host.deliverResponse(ROOT, 999, 200, json(["101", 30_000]));
    expect([stream.continued, stream.localResponse]).toEqual([0, null]);
    const [call] = host.calls;
    host.end(2);
    host.respond(ROOT, 200, json(["101", 30_000]));
    host.deliverResponse(ROOT, call!.token, 200, FREE);
    expect(host.lines()).toEqual([]);
  });

  it.each([
    ["network", null, ""],
    ["network", 500, ""],
    ["network", 503, "no healthy upstream"],
    ["network", 504, "upstream request timeout"],
    ["authentication", 401, ""],
    ["authentication", 403, ""],
    ["authentication", 200, json([false, "NOAUTH Authentication required."])],
    ["malformed", 404, FREE],
    ["malformed", 200, ""],
    ["malformed", 200, "<html></html>"],
    ["malformed", 200, '{"EVALSHA":[null,'],
    ["malformed", 200, json([null])],
    ["malformed", 200, json({})],
    ["malformed", 200, json([[1], 2])],
    ["malformed", 200, FREE + " ".repeat(70_000)],
    ["error_reply", 200, json([false, "LOADING Redis is loading the dataset in memory"])],
    ["redirected", 200, json([false, "MOVED 3999 127.0.0.1:6381"])],
  ])("counts %s for status %s, and lets the request pass (%#)", async (kind, status, body) => {
    const host = await start(file);
    const stream = host.request(2, ROOT, ALICE);
    host.respond(ROOT, status, body);
    expect(stream.continued).toBe(1);
    expect(metric(host, `redis_failures.${kind}`)).toBe(1);
    expect(metric(host, "unchecked_requests")).toBe(1);
    expect(host.calls).toEqual([]);
    expect(host.lines(4)).toHaveLength(1);
  });

  it.each([
    ["unknown_cluster", Status.BadArgument],
    ["not_sent", Status.InternalFailure],
  ])("counts a refused call as %s", async (kind, status) => {
    const host = await start(file);
    host.callStatus = status;
    expect(host.request(2, ROOT, ALICE).action).toBe(CONTINUE);
    expect(metric(host, `redis_failures.${kind}`)).toBe(1);
    host.callStatus = Status.Ok;
    expect(host.request(3, ROOT, ALICE).action).toBe(PAUSE);
  });

  it("repeats a charge that failed, with the same marker, until it is made", async () => {
    const host = await start(file);
    consume(host);
    const first = host.calls[0]!.command.args;
    host.respond(ROOT, 503);
    expect(host.calls).toEqual([]);
    host.pass(ROOT, 1_500);
    expect(host.calls[0]!.command.args.slice(0, -1)).toEqual(first.slice(0, -1));
    // It had been made, says an empty reply.
    host.respond(ROOT, 200, json([]));
    expect([metric(host, "charged_tokens"), metric(host, "lost_tokens")]).toEqual([7, 0]);
    expect(host.tickPeriod === 0 || (host.pass(ROOT, 60_000), host.calls.length === 0)).toBe(true);
  });

  it("counts tokens as lost that it could never charge", async () => {
    const host = await start(file);
    consume(host);
    for (let tries = 0; host.calls.length > 0 && tries < 20; ++tries) {
      host.respond(ROOT, null);
      host.pass(ROOT, 20_000);
    }
    expect([metric(host, "charged_tokens"), metric(host, "lost_tokens")]).toEqual([0, 7]);
  });

  it("treats a counter of a wrong type, which Webdis reports as null, as not charged", async () => {
    const host = await start(file);
    consume(host);
    host.respond(ROOT, 200, json([LEFT_MS, null]));
    expect([metric(host, "lost_tokens"), metric(host, "redis_failures.malformed")]).toEqual([7, 1]);
  });

  it("passes values on byte by byte", async () => {
    const host = await start(file);
    const value = "a/b.c?d=%2F+e f:{g}\"'\\団";
    host.request(2, ROOT, { "x-api-key": value });
    expect(host.calls[0]!.command.args[3]).toBe(KEY.replace(/alice$/, "") + value);
  });

  it("keeps no memory after ten thousand calls", async () => {
    const host = await start(file);
    const run = (from: number, to: number): void => {
      for (let id = from; id < to; ++id) {
        consume(host, id);
        host.respond(ROOT, 200, json([LEFT_MS, 7]));
      }
    };
    run(2, 2_000);
    const before = host.memoryBytes;
    run(2_000, 12_000);
    expect(host.memoryBytes).toBe(before);
    expect(metric(host, "charged_tokens")).toBe(7 * 11_998);
  });
});
