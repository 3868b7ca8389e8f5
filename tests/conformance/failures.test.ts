// Contract: whatever happens to Redis, the request passes, the failure is counted and logged at a bounded rate, and
// redis_init, which closes everybody's connections, is never called per request.
// Specified in the reference behaviour of the published plugin (fail-open) and of Higress' Redis host calls.
import { describe, expect, it } from "vitest";
import {
  array,
  CLUSTER,
  CONTINUE,
  counter,
  made,
  MODULES,
  PAUSE,
  PER_KEY,
  ROOT,
  start,
} from "../support/filter.ts";
import { Status, StrictHost } from "../support/strict-host.ts";

const failures = (host: StrictHost, kind: string): bigint =>
  host.metrics.get(`ai_token_ratelimit.redis_failures.${kind}`) ?? 0n;

describe.each(MODULES)("%s", (_name, file) => {
  it("initialises Redis with the configured connection", async () => {
    const host = await start(file);
    host.clusters.add("outbound|80||redis.static");
    host.configure(ROOT, {
      ...PER_KEY,
      redis: { service_name: "redis.static", username: "u", password: "p", timeout: 250, database: 3 },
    });
    expect(host.redisInits).toEqual([
      { service: "outbound|80||redis.static?db=3", username: "u", password: "p", timeout: 250 },
    ]);
    host.request(2, ROOT, { "x-api-key": "alice" });
    expect(host.pending[0]!.cluster).toBe("outbound|80||redis.static");
  });

  it("lets a request pass while the cluster is unknown, and recovers with the next request", async () => {
    const host = await StrictHost.load(file);
    expect(host.configure(ROOT, PER_KEY)).toBe(true);
    expect(host.request(2, ROOT, { "x-api-key": "alice" }).action).toBe(CONTINUE);
    expect(failures(host, "unknown_cluster")).toBe(1n);
    expect(host.metrics.get("ai_token_ratelimit.unchecked_requests")).toBe(1n);
    expect(host.lines().at(-1)).toMatch(/outbound\|6379\|\|redis\.dns.*redis\.service_name/);
    host.clusters.add(CLUSTER);
    expect(host.request(3, ROOT, { "x-api-key": "alice" }).action).toBe(PAUSE);
    expect(host.redisInits).toHaveLength(1);
  });

  it.each([
    ["network", null],
    ["malformed", ""],
    ["malformed", "*2\r\n:1\r\n"],
    ["malformed", "hello\r\n"],
    ["malformed", "*-1\r\n"],
    ["malformed", array("1")],
    ["malformed", array("1", 2, "3")],
    ["malformed", array("not a number", 5)],
    ["malformed", "%1\r\n+a\r\n:1\r\n"],
    ["malformed", ":99999999999999999999\r\n"],
    ["error_reply", "-LOADING Redis is loading the dataset in memory\r\n"],
    ["error_reply", array(new Error("WRONGTYPE Operation against a key"), 5)],
    ["redirected", "-MOVED 3999 127.0.0.1:6381\r\n"],
    ["redirected", "-ASK 3999 127.0.0.1:6381\r\n"],
    ["redirected", array(new Error("MOVED 3999 127.0.0.1:6381"), 5)],
    ["error_reply", "-MOVEDX 3999 127.0.0.1:6381\r\n"],
    ["error_reply", "-ERR MOVED\r\n"],
  ])("passes the request on %s: %j", async (kind, reply) => {
    const host = await start(file, PER_KEY);
    const stream = host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, reply);
    expect(stream.continued).toBe(1);
    expect(stream.localResponse).toBeNull();
    expect(failures(host, kind)).toBe(1n);
    expect(host.lines(4)).toHaveLength(1);
  });

  it("says that a node of a cluster needs a proxy in front, and charges once there is one", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, "-MOVED 3999 127.0.0.1:6381\r\n");
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, '{"usage":{"prompt_tokens":3,"completion_tokens":4}}', true);
    host.reply(ROOT, "-MOVED 3999 127.0.0.1:6381\r\n");
    expect(failures(host, "redirected")).toBe(2n);
    expect(failures(host, "error_reply")).toBe(0n);
    expect(host.lines(4)).toEqual([expect.stringMatching(/a proxy in front of the cluster.*: MOVED; /)]);
    expect(host.lines(4)[0]).not.toContain("6381");
    host.pass(ROOT, 5_000);
    host.reply(ROOT, made(7));
    expect(host.metrics.get("ai_token_ratelimit.charged_tokens")).toBe(7n);
    expect(host.metrics.get("ai_token_ratelimit.lost_tokens")).toBeUndefined();
  });

  it("passes the request when the command cannot be sent, and still charges it", async () => {
    const host = await start(file, PER_KEY);
    host.intercept = (name) => (name === "proxy_redis_call" ? Status.InternalFailure : undefined);
    expect(host.request(2, ROOT, { "x-api-key": "alice" }).action).toBe(CONTINUE);
    expect(failures(host, "not_sent")).toBe(1n);
    host.intercept = () => undefined;
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, '{"usage":{"prompt_tokens":3,"completion_tokens":4}}', true);
    expect(host.pending).toHaveLength(1);
  });

  it("logs each kind of failure at a bounded rate, with the number of lines left out", async () => {
    const host = await start(file, PER_KEY);
    const fail = (id: number): void => {
      host.request(id, ROOT, { "x-api-key": "alice" });
      host.reply(ROOT, null);
      host.end(id);
    };
    for (let id = 10; id < 110; ++id) fail(id);
    expect(host.lines(4)).toHaveLength(1);
    expect(failures(host, "network")).toBe(100n);
    host.now += 10_001;
    fail(200);
    expect(host.lines(4)).toHaveLength(2);
    expect(host.lines(4)[1]).toMatch(/99/);
  });

  it("never logs what callers sent, not even when Redis quotes it", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "sk-secret" });
    host.reply(ROOT, "-ERR unknown command 'EVALSHA', with args beginning with: '1' 'sk-secret'\r\n");
    host.request(3, ROOT, { "x-api-key": "sk-secret" });
    host.reply(ROOT, counter(101));
    expect(host.lines(2).join("\n")).not.toContain("sk-secret");
  });

  it("connects again after an authentication error, retries, and backs off when that does not help", async () => {
    const host = await start(file, PER_KEY);
    const noauth = "-NOAUTH Authentication required.\r\n";
    expect(host.redisInits).toHaveLength(1);

    const healed = host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, noauth);
    expect(host.redisInits).toHaveLength(2);
    host.reply(ROOT, counter(101));
    expect(healed.localResponse?.code).toBe(429);

    // From now on the password is wrong: a minute of requests, one every 100 ms.
    host.now += 60_000;
    for (let id = 10; id < 610; ++id) {
      const stream = host.request(id, ROOT, { "x-api-key": "alice" });
      while (host.pending.length > 0) host.reply(ROOT, noauth);
      expect(stream.continued).toBe(1);
      host.end(id);
      host.now += 100;
    }
    expect(host.redisInits.length).toBeLessThanOrEqual(2 + 6); // after 0, 1, 3, 7, 15 and 31 seconds
    expect(failures(host, "authentication")).toBe(600n);

    // The password is corrected in Redis: commands succeed again, and so does the next renewal.
    host.request(700, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, counter(0));
    host.now += 64_000;
    const inits = host.redisInits.length;
    host.request(701, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, "-WRONGPASS invalid username-password pair\r\n");
    expect(host.redisInits.length).toBe(inits + 1);
  });

  it("ignores a reply when the stream is gone", async () => {
    const host = await start(file, PER_KEY);
    const stream = host.request(2, ROOT, { "x-api-key": "alice" });
    host.end(2);
    host.reply(ROOT, counter(101));
    expect(stream.localResponse).toBeNull();
    expect(stream.continued).toBe(0);
  });

  it("opens one connection for rate limits with the same Redis settings", async () => {
    const host = await start(file);
    host.clusters.add("outbound|6379||other.dns");
    const other = { service_name: "other.dns", database: 1 };
    host.configure(ROOT, {
      ...PER_KEY,
      _rules_: [
        { ...PER_KEY, _match_route_: ["a"] },
        { ...PER_KEY, _match_route_: ["b"], redis: other },
      ],
    });
    expect(host.redisInits.map(({ service }) => service)).toEqual([CLUSTER, "outbound|6379||other.dns?db=1"]);
  });
});
