// Contract: one caller has one counter, however it spells who it is, and is refused if it says so in two ways that differ.
// Specified in RFC 9110 (5.3, 5.5, 11.4), RFC 6265 (cookies), README "Limits", and the docstrings of assembly/request.
import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { array, counter, MODULES, REDIS, ROOT, start } from "../support/filter.ts";
import { encodePairs } from "../support/wire.ts";
import type { StrictHost } from "../support/strict-host.ts";

type Headers = Parameters<StrictHost["request"]>[2];
const limit = (kind: string, name: string, ...keys: string[]): object => ({
  [kind]: name,
  limit_keys: keys.map((key) => ({ key, token_per_minute: 100 })),
});
const rules = (...items: object[]): object => ({ rule_name: "r", rule_items: items, redis: REDIS });

/** The names of the counters that a request is checked against, behind the part that all have. */
function countersOf(host: StrictHost, headers: Headers, id = 2): string[] {
  host.request(id, ROOT, headers);
  const command = host.pending.at(-1);
  const keys = command?.args.slice(3, 3 + Number(command.args[2])).map((key) => key.toString("latin1")) ?? [];
  if (command !== undefined) host.reply(ROOT, array(...keys.flatMap(() => ["0", 1000])), command);
  if (host.streams.get(id)?.localResponse) throw new Error("refused");
  host.end(id);
  return keys.map((key) => key.replace(/^higress-token-ratelimit:\{?r\}?:/, ""));
}

describe.each(MODULES)("%s", (_name, file) => {
  it("ignores blanks around a header's value", async () => {
    const host = await start(file, rules(limit("limit_by_per_header", "x-api-key", "*")));
    for (const value of ["sk-1", "sk-1 ", "\tsk-1", " sk-1\t \t", "sk-1\u00a0"]) {
      expect(countersOf(host, { "x-api-key": value })).toEqual(["limit_by_per_header:60:x-api-key:sk-1"]);
    }
  });

  it.each<[string, string, string, Headers]>([
    ["limit_by_header", "x-team", "blue", { "x-team": "blue\t " }],
    ["limit_by_header", " X-Team ", " blue ", { "x-team": "blue" }],
    ["limit_by_consumer", "", "ann", { "x-mse-consumer": " ann " }],
    ["limit_by_header", "authorization", "Bearer k", { authorization: "bearer\tk" }],
    ["limit_by_header", "Authorization", "bearer  k", { authorization: "Bearer k" }],
    ["limit_by_cookie", "s", '"S 1"', { cookie: "s = S 1" }],
  ])("finds the exact key of %s %j, %j, in %j", async (kind, name, key, headers) => {
    const host = await start(file, rules(limit(kind, name, key)));
    expect(countersOf(host, headers)).toHaveLength(1);
  });

  it("ignores blanks around addresses, wherever they come from", async () => {
    const name = "from-header-x-real-ip";
    const host = await start(file, rules(limit("limit_by_per_ip", name, "0.0.0.0/0")));
    expect(countersOf(host, { "x-real-ip": "\t 1.2.3.4 \t" })).toEqual([
      `limit_by_per_ip:60:${name}:1.2.3.4`,
    ]);
  });

  it("ignores blanks after a host", async () => {
    const override = { ...rules(limit("limit_by_per_header", "x", "*")), _match_domain_: ["a.com"] };
    const host = await start(file, { _rules_: [override] });
    expect(countersOf(host, { ":authority": "A.com \t", x: "1" })).toHaveLength(1);
    expect(countersOf(host, { ":authority": "b.com", x: "1" })).toHaveLength(0);
  });

  it("reads the cookies in all lines", async () => {
    const host = await start(file, rules(limit("limit_by_per_cookie", "session", "*")));
    expect(countersOf(host, { cookie: ["a=b", "c=d; session=S1"] })).toEqual([
      "limit_by_per_cookie:60:session:S1",
    ]);
  });

  it("reads the addresses in all lines as one list", async () => {
    const name = "from-header-x-client-ip";
    const item = limit("limit_by_per_ip", name, "0.0.0.0/0");
    const host = await start(file, rules({ ...item, trusted_proxies: ["10.0.0.0/8"] }));
    const lines = ["9.9.9.9", "203.0.113.7, 10.0.0.2", "10.0.0.1"];
    expect(countersOf(host, { "x-client-ip": lines })).toEqual([`limit_by_per_ip:60:${name}:203.0.113.7`]);
    const believing = await start(file, rules(item));
    expect(countersOf(believing, { "x-client-ip": ["1.1.1.1", "2.2.2.2"] })).toEqual([
      `limit_by_per_ip:60:${name}:1.1.1.1`,
    ]);
  });

  it("takes the peer as the client if no trusted proxy names one", async () => {
    const name = "from-header-x-client-ip";
    const item = limit("limit_by_per_ip", name, "0.0.0.0/0");
    const host = await start(file, rules({ ...item, trusted_proxies: ["10.0.0.0/8"] }));
    host.properties.set("source.address", "198.51.100.7:4711");
    for (const headers of [
      {},
      { "x-client-ip": "unknown" },
      { "x-client-ip": "1.2.3.4, _hidden" },
    ] as Headers[])
      expect(countersOf(host, headers)).toEqual([`limit_by_per_ip:60:${name}:198.51.100.7`]);
  });

  it("takes the consumer that was added last", async () => {
    const host = await start(file, rules(limit("limit_by_per_consumer", "", "*")));
    expect(countersOf(host, { "x-mse-consumer": ["invented", "ann"] })).toEqual([
      "limit_by_per_consumer:60:x-mse-consumer:ann",
    ]);
  });

  it("counts a rejection under the consumer that was added last", async () => {
    const host = await start(file, rules(limit("limit_by_per_consumer", "", "*")));
    host.request(2, ROOT, { "x-mse-consumer": ["victim", "ann"] });
    host.reply(ROOT, counter(101));
    expect([...host.metrics.keys()].find((name) => name.includes(".consumer."))).toContain(".consumer.ann.");
  });

  it("treats equal lines of a header as one", async () => {
    const host = await start(file, rules(limit("limit_by_per_header", "x-api-key", "*")));
    expect(countersOf(host, { "x-api-key": ["k", " k", "k"] })).toEqual([
      "limit_by_per_header:60:x-api-key:k",
    ]);
  });

  it.each<[string, string, string, Headers]>([
    ["a header", "limit_by_per_header", "x-api-key", { "x-api-key": ["junk", "sk-1"] }],
    ["a header", "limit_by_per_header", "authorization", { authorization: ["Bearer a", "Bearer b"] }],
    ["a URL parameter", "limit_by_per_param", "key", { ":path": "/v1?key=a&key=b" }],
    ["a URL parameter", "limit_by_per_param", "key", { ":path": "/v1?key=a;key=b" }],
    ["a cookie", "limit_by_per_cookie", "s", { cookie: "s=a; s=b" }],
    ["a cookie", "limit_by_per_cookie", "s", { cookie: ["s=a", "s=b"] }],
  ])("refuses a request with two values of %s (%s %s, %j)", async (what, kind, name, headers) => {
    const host = await start(file, rules(limit(kind, name, "*")));
    const stream = host.request(2, ROOT, headers);
    expect(stream.localResponse).toEqual({
      code: 400,
      details: "ai-token-ratelimit.ambiguous",
      body: `Bad request: ${what} that identifies the caller is sent more than once, with different values`,
      headers: [["content-type", "text/plain"]],
      grpcStatus: -1,
    });
    expect(host.pending).toEqual([]);
    host.end(2);
    expect(host.metrics.get("ai_token_ratelimit.ambiguous_requests")).toBe(1n);
    expect(host.logs.map((line) => line.text).join()).not.toContain("sk-1");
  });

  it.each<[string, Headers]>([
    ["sk-1", { authorization: "Bearer sk-1" }],
    ["sk-1", { authorization: " bearer\t sk-1 " }],
    ["sk-1", { authorization: "sk-1" }],
    ["sk-1", { authorization: "Token sk-1" }],
    ["sk-1", { authorization: "whatever sk-1" }],
    ["sk-1", { authorization: `${"x".repeat(40)} sk-1` }],
    ["sk-1", { authorization: "any Bearer sk-1" }],
    ["sk-1", { "x-api-key": "sk-1 " }],
    ["sk-1", { "x-api-key": "Bearer sk-1" }],
    ["sk-1", { "api-key": "sk-1" }],
    ["sk-1", { "x-goog-api-key": "sk-1" }],
    ["sk-1", { "x-litellm-api-key": "Bearer sk-1" }],
    ["sk-1", { "Ocp-Apim-Subscription-Key": "sk-1" }],
    ["sk-1", { ":path": "/v1?key=sk-1" }],
    ["sk-1", { ":path": "/v1?access_token=sk-1&key=&subscription-key=sk-1" }],
    ["sk-1", { ":path": "/v1?key=%20sk%2d1" }],
    ["sk-1", { authorization: "Bearer sk-1", "x-api-key": "sk-1", ":path": "/v1?key=sk-1" }],
    ["sk-1", { authorization: ["Bearer sk-1", "bearer  sk-1"] }],
    ["sk-1", { authorization: "Bearer", "x-api-key": "sk-1", "api-key": "" }],
    ["sk-1", { authorization: " ", ":path": "/v1?key=&x", "x-goog-api-key": "sk-1" }],
    ["a secret", { "x-api-key": "a secret" }],
    ["Basic YTpi", { authorization: "basic YTpi" }],
    ["Basic YTpi", { authorization: "Basic YT-_pi=".replace("-_", "") }],
    ["AKIA1", { authorization: "AWS4-HMAC-SHA256 Credential=AKIA1/20261201/x, Signature=1" }],
    ["AKIA1", { authorization: "aws4-hmac-sha256 SignedHeaders=a;b,Credential=AKIA1/2,Signature=2" }],
    ["Credential=AKIA1/x", { authorization: "Bearer Credential=AKIA1/x" }],
  ])("counts the key %j, wherever it is: %j", async (key, headers) => {
    const host = await start(file, rules(limit("limit_by_per_api_key", "", "*")));
    expect(countersOf(host, headers)).toEqual([`limit_by_per_api_key:60:api_key:${key}`]);
  });

  it.each<[Headers]>([
    [{}],
    [{ authorization: "" }],
    [{ authorization: "Bearer" }],
    [{ authorization: "Bearer ," }],
    [{ "x-api-key": " ", "api-key": "", "x-goog-api-key": "", ":path": "/?key=" }],
    [{ cookie: "key=sk-1", ":path": "/?Key=sk-1" }],
  ])("finds no key in %j", async (headers) => {
    const host = await start(file, rules(limit("limit_by_per_api_key", "", "*")));
    expect(countersOf(host, headers)).toEqual([]);
    const strict = await start(
      file,
      rules({ ...limit("limit_by_per_api_key", "", "*"), on_missing: "reject" }),
    );
    expect(strict.request(2, ROOT, headers).localResponse?.code).toBe(401);
  });

  it.each<[string, Headers]>([
    ["an API key", { authorization: "Bearer junk", "x-api-key": "sk-1" }],
    ["an API key", { "x-api-key": "sk-1", "api-key": "sk-2" }],
    ["an API key", { authorization: "Bearer junk", "x-litellm-api-key": "Bearer sk-1" }],
    ["an API key", { "api-key": "junk", "ocp-apim-subscription-key": "sk-1" }],
    ["an API key", { "x-api-key": "junk", ":path": "/v1?access_token=sk-1" }],
    ["an API key", { ":path": "/v1?key=junk&subscription-key=sk-1" }],
    ["an API key", { "x-goog-api-key": "sk-1", ":path": "/v1?key=junk" }],
    ["an API key", { "x-goog-api-key": "sk-1", ":path": "/v1?key=Bearer+a+b" }],
    ["a header", { "x-api-key": ["sk-1", "sk-2"] }],
    ["a header", { "x-api-key": ["sk-1", ""] }],
    ["a header", { authorization: ["Bearer a", "Token b"] }],
    ["a header", { authorization: "Bearer a b" }],
    ["a header", { authorization: "junk a b", "x-api-key": "sk-1" }],
    ["a header", { authorization: "AWS4-HMAC-SHA256 Credential=A/1, Credential=B/1, Signature=1" }],
    ["a URL parameter", { ":path": "/v1?key=a&key=b" }],
  ])("refuses a request with two keys: %s, %j", async (what, headers) => {
    const host = await start(file, rules(limit("limit_by_per_api_key", "", "*")));
    const { localResponse } = host.request(2, ROOT, headers);
    expect([localResponse?.code, localResponse?.body]).toEqual([
      400,
      `Bad request: ${what} that identifies the caller is sent more than once, with different values`,
    ]);
    expect(host.pending).toEqual([]);
  });

  it("reads keys of its own and other rules' headers from the same lines", async () => {
    const config = rules(
      limit("limit_by_api_key", "", "sk-0", "Bearer sk-1"),
      limit("limit_by_per_header", "authorization", "*"),
    );
    const host = await start(file, { ...config, rule_mode: "all_match" });
    expect(countersOf(host, { authorization: "bearer sk-1" })).toEqual([
      "limit_by_api_key:60:api_key:sk-1",
      "limit_by_per_header:60:authorization:Bearer sk-1",
    ]);
  });

  it("lets a request pass if no rule has to look at its ambiguous header", async () => {
    const host = await start(
      file,
      rules(limit("limit_by_header", "x-team", "blue"), limit("limit_by_per_header", "x-api-key", "*")),
    );
    const twice = { "x-other": ["a", "b"], "x-api-key": ["a", "b"] };
    expect(countersOf(host, { ...twice, "x-team": "blue" })).toEqual(["limit_by_header:60:x-team:blue"]);
    expect(() => countersOf(host, { ...twice, "x-team": "red" }, 3)).toThrow("refused");
  });

  it("never lets a caller pass whose header list the host cuts, empties or garbles", async () => {
    const lists: [string, (lines: [string, Uint8Array][]) => Uint8Array][] = [
      ["emptied", () => new Uint8Array()],
      ["emptied", () => new Uint8Array(4)],
      ["cut", (lines) => encodePairs(lines.slice(0, -1))],
      ["one byte short", (lines) => encodePairs(lines).slice(0, -1)],
      ["too short for its sizes", (lines) => encodePairs(lines).slice(0, 20)],
      ["sizes that overflow", (lines) => encodePairs(lines).fill(0xff, 4, 12)],
      ["a count that overflows", () => new Uint8Array(8).fill(0xff)],
    ];
    for (const [what, encode] of lists) {
      const host = await start(file, rules(limit("limit_by_per_header", "x-api-key", "*")));
      host.encodeLines = encode;
      for (let id = 2; id < 5; ++id) {
        const stream = host.request(id, ROOT, { a: "1", "x-api-key": ["k", "k"], z: "1" });
        expect([what, stream.localResponse?.code, stream.localResponse?.body]).toEqual([
          what,
          400,
          "Bad request: too many headers",
        ]);
        host.end(id);
        host.request(id, ROOT, { a: "1" });
        expect(host.streams.get(id)!.localResponse).toBeNull();
        host.end(id);
      }
    }
  });

  it("refuses a request with too many headers to read", async () => {
    const host = await start(file, rules(limit("limit_by_per_header", "x-api-key", "*")));
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`x-${i}`, "1"]));
    expect(host.request(2, ROOT, { ...many, "x-api-key": "k" }).localResponse?.code).toBe(400);
    host.end(2);
    const large = { "x-large": "x".repeat(1 << 20), "x-api-key": "k" };
    expect(host.request(3, ROOT, large).localResponse?.code).toBe(400);
  });

  it("uses the first line of a header if the host cannot list all lines", async () => {
    const host = await start(file, rules(limit("limit_by_per_header", "x-api-key", "*")));
    host.intercept = (name) => (name === "proxy_get_header_map_pairs" ? 12 : undefined);
    for (let id = 2; id < 5; ++id) {
      expect(countersOf(host, { "x-api-key": [" k ", "l"] }, id)).toEqual([
        "limit_by_per_header:60:x-api-key:k",
      ]);
    }
  });

  it("distinguishes long values by hashes, in names of bounded length that no shorter value can have", async () => {
    const host = await start(file, rules(limit("limit_by_per_header", "authorization", "*")));
    const nameOf = (value: string): string =>
      countersOf(host, { authorization: value })[0]!.replace("limit_by_per_header:60:authorization:", "");
    const long = "x".repeat(5000);
    const hash = createHash("sha256").update(`${long}a`).digest("hex");
    const name = nameOf(`${long}a`);
    expect(name).toBe(`${"x".repeat(4096 - 65)}:${hash}`);
    expect(nameOf(`${long}b`)).not.toBe(name);
    expect(nameOf(name)).not.toBe(name);
    expect(nameOf(long.slice(0, 4095))).toBe(long.slice(0, 4095));
    expect(nameOf("x".repeat(60_000))).toHaveLength(4096);
  });

  it("counts an IPv6 client by its prefix if so configured", async () => {
    const item = { ...limit("limit_by_per_ip", "from-remote-addr", "0.0.0.0/0"), ipv6_prefix: 64 };
    const host = await start(file, rules(item));
    const of = (address: string): string[] => {
      host.properties.set("source.address", address);
      return countersOf(host, {});
    };
    const name = "limit_by_per_ip:60:from-remote-addr";
    expect(of("[2001:db8:1:2::1]:80")).toEqual([`${name}:2001:db8:1:2::/64`]);
    expect(of("[2001:db8:1:2:ffff::]:81")).toEqual([`${name}:2001:db8:1:2::/64`]);
    expect(of("1.2.3.4:80")).toEqual([`${name}:1.2.3.4`]);
  });

  it("names counters by keyed hashes with hash_keys, the same in every replica", async () => {
    const config = {
      ...rules(limit("limit_by_per_header", "x-api-key", "*"), limit("limit_by_header", "x", "v")),
      rule_mode: "all_match",
      hash_keys: true,
      redis: { ...REDIS, password: "secret" },
    };
    const key = "ai-token-ratelimit hash_keys:1:r:0::6:secret:0:";
    const code = (value: string): string =>
      createHmac("sha256", key).update(value).digest("hex").slice(0, 32);
    for (let replica = 0; replica < 2; ++replica) {
      const host = await start(file, config);
      expect(countersOf(host, { "x-api-key": " sk-1", x: "v" })).toEqual([
        `limit_by_per_header:60:x-api-key:${code("sk-1")}`,
        `limit_by_header:60:x:${code("v")}`,
      ]);
      const long = "x".repeat(50_000);
      expect(countersOf(host, { "x-api-key": long })).toEqual([
        `limit_by_per_header:60:x-api-key:${code(long)}`,
      ]);
    }
    const others = { ...config, redis: { ...REDIS, password: "other" } };
    const host = await start(file, others);
    expect(countersOf(host, { "x-api-key": "sk-1" })[0]).not.toContain(code("sk-1"));
  });

  it("makes hardly more host calls for 5,000 items with different headers than for one", async () => {
    const items = Array.from({ length: 5000 }, (_, i) => limit("limit_by_per_header", `x-${i}`, "*"));
    const host = await start(file, rules(...items));
    let calls = 0;
    host.intercept = (name) => {
      if (name.startsWith("proxy_get_header")) ++calls;
      return undefined;
    };
    expect(countersOf(host, { "x-4999": "v" })).toEqual(["limit_by_per_header:60:x-4999:v"]);
    expect(calls).toBeLessThan(10);
    calls = 0;
    expect(countersOf(host, {})).toEqual([]);
    expect(calls).toBeLessThan(10);
  });

  it("parses a path, or a cookie header, only once for 5,000 items with different names", async () => {
    const items = ["limit_by_per_param", "limit_by_per_cookie"].flatMap((kind) =>
      Array.from({ length: 2500 }, (_, i) => limit(kind, `k${i}`, "*")),
    );
    const host = await start(file, { ...rules(...items), rule_mode: "all_match" });
    const many = (separator: string): string =>
      Array.from({ length: 5000 }, (_, i) => `n${i}=v`).join(separator);
    const headers = { ":path": `/?${many("&")}&k2499=p`, cookie: `${many("; ")}; k2499=c` };
    expect(countersOf(host, headers)).toEqual([
      "limit_by_per_param:60:k2499:p",
      "limit_by_per_cookie:60:k2499:c",
    ]);
    // A product of items and bytes would be 5,000 × 100 KB and take seconds.
    const start_ = performance.now();
    for (let id = 10; id < 20; ++id) countersOf(host, headers, id);
    expect(performance.now() - start_).toBeLessThan(2000);
  });

  it("keeps nothing of a request, and no memory for each item", async () => {
    const items = Array.from({ length: 500 }, (_, i) => limit("limit_by_per_param", `k${i}`, "*"));
    const host = await start(file, rules(...items));
    const round = (id: number): void => {
      host.request(id, ROOT, { ":path": `/?k${id % 500}=${"v".repeat(50_000)}` });
      host.reply(ROOT, counter(101));
      host.end(id);
    };
    for (let id = 2; id < 600; ++id) round(id);
    const warm = host.memoryBytes;
    for (let id = 600; id < 3_000; ++id) round(id);
    expect(host.memoryBytes).toBe(warm);
    expect(host.memoryBytes).toBeLessThan(8 << 20);
  });
});
