// Contract of assembly/rules and assembly/request together: which limit applies to a request, as in the published
// plugin. Specified in the published configuration reference of ai-token-ratelimit (higress.io, 2025) and the
// docstrings of assembly/rules; the rows below that name a mistake are where the published plugin is fooled.
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  parse(text: ArrayBuffer): string[];
  match(names: string[], values: ArrayBuffer[]): ArrayBuffer;
  select(host: string, route: string, cluster: string): string;
}

let config: Harness;
beforeAll(async () => {
  config = await loadHarness<Harness>("tests/unit/config/config.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const latin1 = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, "latin1")).buffer;
const redis = { service_name: "redis.static" };

const configure = (value: object): void => {
  const lines = config.parse(utf8(JSON.stringify({ rule_name: "r", redis, ...value })));
  expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
};
/** Keys with limits of 1, 2, 3 ... tokens per second, so that a result tells which of them matched. */
const item = (kind: string, name: string | null, ...keys: string[]): object => ({
  [kind]: name,
  limit_keys: keys.map((key, i) => ({ key, token_per_second: i + 1 })),
});
/** What matches a request of these headers and properties. */
const match = (request: Record<string, string>): string[] => {
  const found = config.match(Object.keys(request), Object.values(request).map(utf8));
  const text = Buffer.from(found).toString("utf8");
  return text === "" ? [] : text.split("\n");
};

describe("exact keys", () => {
  it.each<[string, string | null, Record<string, string>, string]>([
    ["limit_by_header", "X-Key", { "x-key": "b" }, "X-Key b"],
    ["limit_by_param", "k", { ":path": "/?k=b" }, "k b"],
    ["limit_by_cookie", "k", { cookie: "k=b" }, "k b"],
    ["limit_by_consumer", null, { "x-mse-consumer": "b" }, "x-mse-consumer b"],
  ])("of %s match the value equal to them", (kind, name, request, found) => {
    configure({ rule_items: [item(kind, name, "a", "b", "c")] });
    expect(match(request)).toEqual([`${kind} ${found} 2/1`]);
  });

  it.each(["", "B", "bb", "d"])("do not match %j", (value) => {
    configure({ rule_items: [item("limit_by_header", "x", "a", "b")] });
    expect(match({ x: value })).toEqual([]);
  });

  it("are literal, * and regexp: too", () => {
    configure({ rule_items: [item("limit_by_header", "x", "*", "regexp:^a")] });
    expect(match({ x: "a" })).toEqual([]);
    expect(match({ x: "*" })).toEqual(["limit_by_header x * 1/1"]);
    expect(match({ x: "regexp:^a" })).toEqual(["limit_by_header x regexp:^a 2/1"]);
  });

  it("that are there twice count once, the first", () => {
    configure({ rule_items: [item("limit_by_header", "x", "a", "b", "a")] });
    expect(match({ x: "a" })).toEqual(["limit_by_header x a 1/1"]);
  });

  it("may be numbers, which keep their text", () => {
    configure({ rule_items: [{ limit_by_header: "x", limit_keys: [{ key: 102234, token_per_hour: 7 }] }] });
    expect(match({ x: "102234" })).toEqual(["limit_by_header x 102234 7/3600"]);
  });

  it("find what a scan of the list finds", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "é"), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), text, (keys, value) => {
        configure({ rule_items: [item("limit_by_header", "x", ...keys)] });
        const position = keys.indexOf(value);
        expect(match({ x: value })).toEqual(
          position < 0 ? [] : [`limit_by_header x ${value} ${position + 1}/1`],
        );
      }),
    );
  });
});

describe("patterns", () => {
  it.each<[string, string | null, Record<string, string>, string]>([
    ["limit_by_per_header", "x", { x: "bob" }, "x bob"],
    ["limit_by_per_param", "x", { ":path": "/?x=bob" }, "x bob"],
    ["limit_by_per_cookie", "x", { cookie: "x=bob" }, "x bob"],
    ["limit_by_per_consumer", "", { "x-mse-consumer": "bob" }, "x-mse-consumer bob"],
  ])("of %s match in configured order", (kind, name, request, found) => {
    configure({ rule_items: [item(kind, name, "regexp:^a", "regexp:b$", "regexp:^b", "*")] });
    expect(match(request)).toEqual([`${kind} ${found} 2/1`]);
  });

  it.each([
    ["alice", 1],
    ["sub", 2],
    ["zoe", 3],
    ["", 3],
  ])("for %j are %d", (value, tokens) => {
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:^a", "regexp:b", "*")] });
    expect(match({ x: value })).toEqual([`limit_by_per_header x ${value} ${tokens}/1`]);
  });

  it("before * count before it, those behind it never", () => {
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:^a", "*", "regexp:^b")] });
    expect(match({ x: "b" })).toEqual(["limit_by_per_header x b 2/1"]);
  });

  it("match their own text, unless an earlier one matches", () => {
    configure({
      rule_items: [item("limit_by_per_header", "x", "regexp:^a", "regexp:^b", "regexp:gexp:\\^c")],
    });
    expect(match({ x: "regexp:^b" })).toEqual(["limit_by_per_header x regexp:^b 2/1"]);
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:gexp:", "regexp:^b")] });
    expect(match({ x: "regexp:^b" })).toEqual(["limit_by_per_header x regexp:^b 1/1"]);
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:^b", "regexp:gexp:")] });
    expect(match({ x: "regexp:^b" })).toEqual(["limit_by_per_header x regexp:^b 1/1"]);
  });

  it("that are empty match everything", () => {
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:")] });
    expect(match({ x: "" })).toEqual(["limit_by_per_header x  1/1"]);
  });

  it("keep the bytes of the value", () => {
    configure({ rule_items: [item("limit_by_per_param", "x", "*")] });
    const found = config.match([":path"], [utf8("/?x=%ff%00%e4")]);
    expect(Buffer.from(found).toString("latin1")).toBe("limit_by_per_param x \xff\0\xe4 1/1");
    configure({ rule_items: [item("limit_by_per_header", "x", "*")] });
    const raw = config.match(["x"], [latin1("\xff")]);
    expect(Buffer.from(raw).toString("latin1")).toBe("limit_by_per_header x \xff 1/1");
  });
});

describe("addresses", () => {
  const byHeader = (...keys: string[]): object =>
    item("limit_by_per_ip", "from-header-X-Forwarded-For", ...keys);

  it("are those of the published example", () => {
    configure({ rule_items: [byHeader("1.1.1.1", "1.1.1.0/24", "0.0.0.0/0")] });
    const found = (value: string): string[] => match({ "x-forwarded-for": value });
    const name = "limit_by_per_ip from-header-X-Forwarded-For";
    expect(found("1.1.1.1, 9.9.9.9")).toEqual([`${name} 1.1.1.1 1/1`]);
    expect(found("1.1.1.7:443")).toEqual([`${name} 1.1.1.7 2/1`]);
    expect(found("8.8.8.8")).toEqual([`${name} 8.8.8.8 3/1`]);
    expect(found("2001:DB8:0:0::1")).toEqual([`${name} 2001:db8::1 3/1`]);
    expect(found("::ffff:101:107")).toEqual([`${name} 1.1.1.7 2/1`]);
    expect(found("unknown")).toEqual([]);
    expect(match({})).toEqual([]);
  });

  it("may be the remote one", () => {
    configure({ rule_items: [item("limit_by_per_ip", "from-remote-addr", "10.0.0.0/8", "fd00::/8")] });
    expect(match({ "source\0address": "10.1.2.3:4567" })).toEqual([
      "limit_by_per_ip from-remote-addr 10.1.2.3 1/1",
    ]);
    expect(match({ "source\0address": "[fd00::a]:80" })).toEqual([
      "limit_by_per_ip from-remote-addr fd00::a 2/1",
    ]);
    expect(match({ "source\0address": "11.1.2.3:4567" })).toEqual([]);
  });

  it("do not stop later items when there is none (]; padding; a mapped address)", () => {
    configure({ rule_items: [byHeader("1.2.3.4"), item("limit_by_per_header", "x", "*")] });
    expect(match({ "x-forwarded-for": "]", x: "v" })).toEqual(["limit_by_per_header x v 1/1"]);
    const name = "limit_by_per_ip from-header-X-Forwarded-For 1.2.3.4 1/1";
    expect(match({ "x-forwarded-for": "1.2.3.4 , 9.9.9.9" })).toEqual([name]);
    expect(match({ "x-forwarded-for": "[::ffff:1.2.3.4]:80" })).toEqual([name]);
  });
});

describe("the published examples", () => {
  it.each<[string, Record<string, string>, string]>([
    [
      "by-param",
      { ":path": "/?apikey=9a342114-ba8a-11ec-b1bf-00163e1250b5" },
      "limit_by_param apikey 9a342114-ba8a-11ec-b1bf-00163e1250b5 10/60",
    ],
    [
      "by-param",
      { ":path": "/?apikey=a6a6d7f2-ba8a-11ec-bec2-00163e1250b5" },
      "limit_by_param apikey a6a6d7f2-ba8a-11ec-bec2-00163e1250b5 100/3600",
    ],
    ["by-param", { ":path": "/?apikey=abc" }, "limit_by_per_param apikey abc 10/1"],
    ["by-param", { ":path": "/?apikey=bcd" }, "limit_by_per_param apikey bcd 100/60"],
    ["by-param", { ":path": "/?apikey=xyz" }, "limit_by_per_param apikey xyz 1000/3600"],
    ["by-param", { ":path": "/?other=xyz" }, ""],
    ["by-header", { "x-ca-key": "102234" }, "limit_by_header x-ca-key 102234 10/60"],
    ["by-header", { "x-ca-key": "308239" }, "limit_by_header x-ca-key 308239 10/3600"],
    ["by-header", { "x-ca-key": "1" }, "limit_by_per_header x-ca-key 1 1000/3600"],
    [
      "by-ip",
      { "x-forwarded-for": "1.1.1.1" },
      "limit_by_per_ip from-header-x-forwarded-for 1.1.1.1 10/86400",
    ],
    [
      "by-ip",
      { "x-forwarded-for": "1.1.1.2" },
      "limit_by_per_ip from-header-x-forwarded-for 1.1.1.2 100/86400",
    ],
    [
      "by-ip",
      { "x-forwarded-for": "2.2.2.2" },
      "limit_by_per_ip from-header-x-forwarded-for 2.2.2.2 1000/86400",
    ],
    ["by-consumer", { "x-mse-consumer": "consumer2" }, "limit_by_consumer x-mse-consumer consumer2 100/3600"],
    ["by-consumer", { "x-mse-consumer": "b3" }, "limit_by_per_consumer x-mse-consumer b3 100/60"],
    ["by-cookie", { cookie: "key0=x; key1=value2" }, "limit_by_cookie key1 value2 100/3600"],
    ["by-cookie", { cookie: "key1=zz" }, "limit_by_per_cookie key1 zz 1000/3600"],
    [
      "manifest-default",
      { ":path": "/v1/chat/completions?apikey=123456" },
      "limit_by_param apikey 123456 200/60",
    ],
    ["tutorial", { "x-api-key": "any" }, "limit_by_per_header x-api-key any 5/60"],
  ])("%s, %j: %s", (name, request, found) => {
    const file = join(import.meta.dirname, `../../fixtures/config/published/${name}.yaml`);
    configure(parseYaml(readFileSync(file, "utf8")) as object);
    expect(match(request)).toEqual(found === "" ? [] : [found]);
  });
});

describe("rule items", () => {
  const two = [
    item("limit_by_param", "apikey", "a", "b"),
    item("limit_by_per_param", "apikey", "regexp:^b", "*"),
  ];

  it("are tried in order until one has a key for the value", () => {
    configure({ rule_items: two });
    expect(match({ ":path": "/?apikey=b" })).toEqual(["limit_by_param apikey b 2/1"]);
    expect(match({ ":path": "/?apikey=bc" })).toEqual(["limit_by_per_param apikey bc 1/1"]);
    expect(match({ ":path": "/?apikey" })).toEqual(["limit_by_per_param apikey  2/1"]);
    expect(match({ ":path": "/" })).toEqual([]);
  });

  it("all apply in all_match, in order", () => {
    configure({ rule_mode: "all_match", rule_items: [...two, item("limit_by_header", "x", "v")] });
    expect(match({ ":path": "/?apikey=b", x: "v" })).toEqual([
      "limit_by_param apikey b 2/1",
      "limit_by_per_param apikey b 1/1",
      "limit_by_header x v 1/1",
    ]);
    expect(match({ x: "v" })).toEqual(["limit_by_header x v 1/1"]);
  });

  it("have all the windows of their key", () => {
    const limit = { token_per_day: 4, token_per_hour: 3, token_per_minute: 2, token_per_second: 1 };
    configure({ rule_items: [{ limit_by_header: "x", limit_keys: [{ key: "a", ...limit }] }] });
    expect(match({ x: "a" })).toEqual(["limit_by_header x a 1/1,2/60,3/3600,4/86400"]);
  });

  it.each<[string[], string]>([
    [["limit_by_header", "limit_by_param"], "limit_by_param k"],
    [["limit_by_param", "limit_by_header"], "limit_by_param k"],
    [["limit_by_per_header", "limit_by_cookie"], "limit_by_per_header k"],
    [["limit_by_per_cookie", "limit_by_consumer"], "limit_by_consumer x-mse-consumer"],
    [["limit_by_consumer", "limit_by_per_consumer"], "limit_by_per_consumer x-mse-consumer"],
    [["limit_by_per_consumer", "limit_by_per_ip"], "limit_by_per_ip from-remote-addr"],
  ])("of several kinds (%j) look at %s", (kinds, winner) => {
    const exact = winner.startsWith("limit_by_param") || winner.startsWith("limit_by_consumer");
    const ip = winner.startsWith("limit_by_per_ip");
    const name = (kind: string): string => (kind === "limit_by_per_ip" ? "from-remote-addr" : "k");
    const key = ip ? "1.1.1.1" : exact ? "v" : "*";
    const kindsOf = Object.fromEntries(kinds.map((kind) => [kind, name(kind)]));
    configure({ rule_items: [{ ...kindsOf, limit_keys: [{ key, token_per_day: 1 }] }] });
    const request = {
      k: "v",
      ":path": "/?k=v",
      cookie: "k=v",
      "x-mse-consumer": "v",
      "source\0address": "1.1.1.1:1",
    };
    expect(match(request)).toEqual([`${winner} ${ip ? "1.1.1.1" : "v"} 1/86400`]);
  });

  it("are not switched off by a bare cookie name, a bad escape or a semicolon", () => {
    configure({ rule_items: [item("limit_by_cookie", "k", "v"), ...two] });
    expect(match({ cookie: "k", ":path": "/?apikey=a" })).toEqual(["limit_by_param apikey a 1/1"]);
    expect(match({ cookie: "k; k=v" })).toEqual(["limit_by_cookie k v 1/1"]);
    expect(match({ ":path": "/?apikey=a&z=%zz" })).toEqual(["limit_by_param apikey a 1/1"]);
    expect(match({ ":path": "/?apikey=a&b=1;c=2" })).toEqual(["limit_by_param apikey a 1/1"]);
  });

  it("never trap on a request", () => {
    configure({
      rule_mode: "all_match",
      rule_items: [
        item("limit_by_per_header", "x", "regexp:^(a|b)*c", "*"),
        item("limit_by_per_param", "x", "regexp:\\d+", "*"),
        item("limit_by_per_cookie", "x", "*"),
        item("limit_by_per_ip", "from-header-x", "0.0.0.0/0"),
        item("limit_by_per_ip", "from-remote-addr", "0.0.0.0/0"),
      ],
    });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .string({ unit: fc.constantFrom(..."x=&;%[]:,.1a? ".split("")), maxLength: 40 })
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 4, maxLength: 4 }), (values) => {
        const buffers = values.map((value) => Uint8Array.from(value).buffer);
        config.match(["x", ":path", "cookie", "source\0address"], buffers);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("rules of _rules_", () => {
  const configureRules = (matches: object[], global = false): void => {
    const limit = { global_threshold: { token_per_day: 1 }, redis };
    const rules = matches.map((one, i) => ({ ...one, rule_name: `rule ${i}`, ...limit }));
    const lines = config.parse(
      utf8(JSON.stringify({ ...(global ? { rule_name: "global", ...limit } : {}), _rules_: rules })),
    );
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
  };
  const cluster = "outbound|443|subset|qwen.dns";

  it.each<[object, [string, string, string], boolean]>([
    [{ _match_route_: ["a", "b"] }, ["", "b", ""], true],
    [{ _match_route_: "b" }, ["", "b", ""], true],
    [{ _match_route_: ["b"] }, ["", "B", ""], false],
    [{ _match_route_: ["b"] }, ["", "bb", ""], false],
    [{ _match_route_: [7] }, ["", "7", ""], true],
    [{ _match_route_: ["", "b"] }, ["", "", ""], false],
    [{ _match_route_prefix_: ["x", "ai-"] }, ["", "ai-qwen", ""], true],
    [{ _match_route_prefix_: ["ai-"] }, ["", "ai", ""], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", cluster], true],
    [{ _match_service_: ["qwen.dns:443"] }, ["", "", cluster], true],
    [{ _match_service_: ["moonshot.dns:443"] }, ["", "", cluster], false],
    [{ _match_service_: ["qwen.dns:"] }, ["", "", cluster], false],
    [{ _match_service_: ["qwen.dns:80"] }, ["", "", cluster], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", "outbound|443||qwen.dns"], true],
    [{ _match_service_: ["qwen.dns"] }, ["", "", "outbound|443|qwen.dns"], false],
    [{ _match_service_: ["qwen.dns", "qwen.dns|x"] }, ["", "", "outbound|443||qwen.dns|x"], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", "qwen.dns"], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", ""], false],
    [{ _match_route_: ["a"], _match_service_: ["qwen.dns"] }, ["", "a", cluster], true],
    [{ _match_route_: ["a"], _match_service_: ["qwen.dns"] }, ["", "a", ""], false],
    [{ _match_route_: ["a"], _match_service_: ["qwen.dns"] }, ["", "b", cluster], false],
    [{ _match_route_: ["a"], _match_domain_: ["a.com"] }, ["a.com", "b", ""], false],
    [{ _match_domain_: ["a.com"], _match_service_: ["qwen.dns"] }, ["b.com", "", cluster], false],
    [{ _match_domain_: ["a.com"] }, ["a.com", "", ""], true],
    [{ _match_domain_: ["a.com"] }, ["a.com:8080", "", ""], true],
    [{ _match_domain_: ["a.com"] }, ["www.a.com", "", ""], false],
    [{ _match_domain_: ["a.com:8080"] }, ["a.com:8080", "", ""], false],
    [{ _match_domain_: ["*.a.com"] }, ["www.a.com:80", "", ""], true],
    [{ _match_domain_: ["*.a.com"] }, ["a.com", "", ""], false],
    [{ _match_domain_: ["*a.com"] }, ["a.com", "", ""], true],
    [{ _match_domain_: ["www.*"] }, ["www.a.com", "", ""], true],
    [{ _match_domain_: ["www.*"] }, ["a.www.com", "", ""], false],
    [{ _match_domain_: ["*"] }, ["any", "", ""], true],
    [{ _match_domain_: ["*"] }, ["", "", ""], true],
    [{ _match_domain_: [""] }, ["", "", ""], true],
    [{ _match_domain_: [""] }, ["a", "", ""], false],
    [{ _match_domain_: ["[2001:db8::1]"] }, ["[2001:db8::1]:80", "", ""], true],
    [{ _match_domain_: ["[2001:db8::1]"] }, ["[2001:DB8::1]", "", ""], true],
    // Where the published plugin is fooled: case, and the dot at the end.
    [{ _match_domain_: ["a.com"] }, ["A.Com", "", ""], true],
    [{ _match_domain_: ["A.COM"] }, ["a.com", "", ""], true],
    [{ _match_domain_: ["*.A.com"] }, ["WWW.a.com", "", ""], true],
    [{ _match_domain_: ["a.com"] }, ["a.com.", "", ""], true],
    [{ _match_domain_: ["a.com."] }, ["a.com:80", "", ""], true],
    [{ _match_domain_: ["*.com"] }, ["a.com.:80", "", ""], true],
  ])("%j and %j: %s", (selector, [host, route, name], matches) => {
    configureRules([selector]);
    expect(config.select(host, route, name)).toBe(matches ? "rule 0" : "none");
  });

  it("are tried in order, whatever their kind, and before the global one", () => {
    const rules = [{ _match_service_: "qwen.dns" }, { _match_domain_: "*.com" }, { _match_route_: "a" }];
    configureRules(rules, true);
    expect(config.select("x.com", "a", cluster)).toBe("rule 0");
    expect(config.select("x.com", "a", "")).toBe("rule 1");
    expect(config.select("x.org", "a", "")).toBe("rule 2");
    expect(config.select("x.org", "b", "")).toBe("global");
    configureRules(rules);
    expect(config.select("x.org", "b", "")).toBe("none");
  });

  it("never trap on a host or cluster", () => {
    configureRules([{ _match_domain_: ["*a", "a*", "a", "[::1]"] }, { _match_service_: ["a", "a:1"] }]);
    const soup = fc.string({ unit: fc.constantFrom(..."a.:[]|*1".split("")), maxLength: 12 });
    fc.assert(fc.property(soup, soup, soup, (host, route, name) => void config.select(host, route, name)));
  });
});
