// Contract: in a real Envoy, one caller has one counter, however it spells who it is on the wire: blanks over HTTP/2, which
// Envoy hands on, and lines that it does not merge. Whatever the spelling, the second call is over the limit or refused.
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { chat, untilCounter } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const everyone = [{ key: "*", token_per_hour: 15 }];
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [
    { limit_by_header: "x-team", limit_keys: [{ key: "blue", token_per_hour: 15 }] },
    { limit_by_per_header: "x-api-key", limit_keys: everyone },
    { limit_by_per_header: "authorization", limit_keys: everyone },
    { limit_by_per_cookie: "session", limit_keys: everyone },
    {
      limit_by_per_ip: "from-header-x-client-ip",
      trusted_proxies: ["10.0.0.0/8"],
      limit_keys: [{ key: "0.0.0.0/0", token_per_hour: 15 }],
    },
  ],
  redis: REDIS,
};
const PREFIX = "higress-token-ratelimit:r:";
const BODY = JSON.stringify({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "Hello" }] });

/** The status of a call over HTTP/2, whose headers go out as they are. */
function overHttp2(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(url);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": "/v1/chat/completions",
      "content-type": "application/json",
      ...headers,
    });
    stream.on("error", reject);
    let status = 0;
    stream.on("response", (response) => (status = Number(response[":status"])));
    stream.resume().on("end", () => {
      session.close();
      resolve(status);
    });
    stream.end(BODY);
  });
}

/** The status of a call over HTTP/1.1 with these header lines. */
function overHttp1(url: string, ...lines: string[]): Promise<number> {
  const { hostname, port, host } = new URL(url);
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    `host: ${host}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(BODY)}`,
    "connection: close",
    ...lines,
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${head.join("\r\n")}\r\n\r\n${BODY}`));
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
  });
}

describe.skipIf(!isAvailable)("a caller in stock Envoy", () => {
  let backends: Backends;
  let envoy: Envoy;
  beforeAll(async () => {
    backends = await startBackends();
    envoy = await backends.envoy({ configuration: CONFIGURATION, concurrency: 1 });
  });
  afterAll(() => backends.close());
  beforeEach(() => backends.redis.flushall());

  /** Takes a counter above its limit. */
  const exhaust = async (counter: string, headers: Record<string, string>): Promise<void> => {
    expect((await chat(envoy.url, 42, { headers })).status).toBe(200);
    await untilCounter(backends.redis, PREFIX + counter, 42);
  };

  it.each(["sk-1", "sk-1 ", "sk-1\t", " sk-1", "sk-1 \t  "])(
    "has one counter whatever blanks it sends around its key over HTTP/2: %j",
    async (value) => {
      await exhaust("limit_by_per_header:3600:x-api-key:sk-1", { "x-api-key": "sk-1" });
      expect(await overHttp2(envoy.url, { "x-api-key": value })).toBe(429);
    },
  );

  it("matches its exact key with blanks behind it over HTTP/2", async () => {
    await exhaust("limit_by_header:3600:x-team:blue", { "x-team": "blue" });
    expect(await overHttp2(envoy.url, { "x-team": "blue \t" })).toBe(429);
  });

  it.each(["bearer k", "Bearer  k", "BEARER\tk"])(
    "has one counter for its credentials: %j",
    async (value) => {
      await exhaust("limit_by_per_header:3600:authorization:Bearer k", { authorization: "Bearer k" });
      expect(await overHttp2(envoy.url, { authorization: value })).toBe(429);
    },
  );

  it("is known by a cookie in the second line", async () => {
    await exhaust("limit_by_per_cookie:3600:session:S1", { cookie: "session=S1" });
    expect(await overHttp1(envoy.url, "Cookie: a=b", "Cookie: session=S1")).toBe(429);
  });

  it("is refused when it sends two keys, and known when it sends one twice", async () => {
    await exhaust("limit_by_per_header:3600:x-api-key:sk-1", { "x-api-key": "sk-1" });
    expect(await overHttp1(envoy.url, "X-Api-Key: junk", "X-Api-Key: sk-1")).toBe(400);
    expect(await overHttp1(envoy.url, "X-Api-Key: sk-1", "X-Api-Key: sk-1")).toBe(429);
  });

  it("is the last untrusted address of all lines of a header", async () => {
    await exhaust("limit_by_per_ip:3600:from-header-x-client-ip:203.0.113.7", {
      "x-client-ip": "203.0.113.7, 10.0.0.1",
    });
    expect(await overHttp1(envoy.url, "X-Client-Ip: 1.2.3.4", "X-Client-Ip: 203.0.113.7, 10.0.0.1")).toBe(
      429,
    );
  });
});
