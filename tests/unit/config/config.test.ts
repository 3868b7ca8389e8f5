// Contract of assembly/config and of filters/token-ratelimit/config: the published configuration, every problem
// reported at once with its path, nothing that could trap. Specified in the published configuration reference of
// ai-token-ratelimit (higress.io, 2025) and, for what it leaves open, in the docstrings there.
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  parse(text: ArrayBuffer): string[];
  describe(): string;
  dump(index: number): string;
  integer(text: string): string;
  nearest(name: string, known: string[]): string;
}

let config: Harness;
beforeAll(async () => {
  config = await loadHarness<Harness>("tests/unit/config/config.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const parse = (value: unknown): string[] =>
  config.parse(utf8(typeof value === "string" ? value : JSON.stringify(value)));

const fixtures = join(import.meta.dirname, "../../fixtures/config");
const fixture = (name: string): string => readFileSync(join(fixtures, name), "utf8");
const names = (folder: string): string[] =>
  readdirSync(join(fixtures, folder)).map((name) => `${folder}/${name}`);
/** As Higress does with the YAML of a WasmPlugin. */
const json = (yaml: string): string => JSON.stringify(parseYaml(yaml));

const redis = { service_name: "redis.static" };
const global = { rule_name: "r", global_threshold: { token_per_minute: 10 }, redis };
const items = (...list: unknown[]): object => ({ rule_name: "r", rule_items: list, redis });
const header = (key: unknown): object => ({
  limit_by_header: "x",
  limit_keys: [{ key, token_per_minute: 1 }],
});

describe("configurations in tests/fixtures/config", () => {
  it.each([...names("published"), ...names("valid")])("%s has no problem", (name) => {
    expect(parse(json(fixture(name)))).toEqual([]);
  });

  it.each(names("invalid"))("%s has the problem that its first line tells", (name) => {
    const text = fixture(name);
    const [first = ""] = text.split("\n");
    const expected = `error: ${first.slice(2)}`;
    const lines = parse(json(text));
    expect(lines).toHaveLength(1);
    if (expected.endsWith("*")) expect(lines[0]).toContain(expected.slice(0, -1));
    else expect(lines[0]).toBe(expected);
  });

  it.each([
    [
      "published/global-threshold.yaml",
      "name=routeA-global-limit-rule; first; global=1000/60; items=0; code=429; message=Too many requests; redis=outbound|80||redis.static : 1000 0",
    ],
    [
      "published/by-cookie.yaml",
      'name=default_rule; first; global=none; items=2; code=200; message={"code":-1,"msg":"Too many requests"}; redis=outbound|80||redis.static : 1000 0',
    ],
    [
      "published/manifest-default.yaml",
      "name=default_limit_by_param_apikey; first; global=none; items=1; code=429; message=Too many requests; redis=outbound|6379||redis.dns : 1000 0",
    ],
    [
      "valid/redis-every-field.yaml",
      "name=r; first; global=10/60; items=0; code=429; message=Too many requests; redis=outbound|6380||my-redis.dns limiter:secret 250 3",
    ],
    [
      "valid/redis-zeros-are-defaults.yaml",
      "name=r; first; global=10/60; items=0; code=429; message=Too many requests; redis=outbound|6379||my-redis.dns : 1000 0",
    ],
    [
      "valid/several-windows.yaml",
      "name=r; first; global=100/1,3000/60,100000/3600,1000000/86400; items=0; code=429; message=Too many requests; redis=outbound|80||redis.static : 1000 0",
    ],
    [
      "valid/all-match-with-both.yaml",
      "name=r; all; global=10/60; items=2; code=429; message=Too many requests; redis=outbound|80||redis.static : 1000 0",
    ],
    [
      "valid/counts-as-strings.yaml",
      "name=r; first; global=15/60; items=0; code=503; message=Too many requests; redis=outbound|6379||redis.static : 500 1",
    ],
    [
      "valid/rejected-message-as-object.yaml",
      'name=r; first; global=10/60; items=0; code=429; message={"error":{"message":"slow down"}}; redis=outbound|80||redis.static : 1000 0',
    ],
    [
      "valid/rejected-message-null.yaml",
      "name=r; first; global=10/60; items=0; code=429; message=; redis=outbound|80||redis.static : 1000 0",
    ],
  ])("%s is read as documented", (name, dump) => {
    parse(json(fixture(name)));
    expect(config.dump(-1)).toBe(dump);
  });

  it("are described in one line without secrets", () => {
    parse(json(fixture("published/by-param.yaml")));
    expect(config.describe()).toBe('rule "default_rule": first_match, 2 rule items');
    parse(json(fixture("valid/all-match-with-both.yaml")));
    expect(config.describe()).toBe('rule "r": all_match, global threshold, 2 rule items');
    parse(json(fixture("valid/rules-with-global.yaml")));
    expect(config.describe()).toBe(
      'rule "r": first_match, global threshold; 2 for routes, hosts or services',
    );
    parse(json(fixture("valid/rules-alone.yaml")));
    expect(config.describe()).toBe("no global rule, 4 for routes, hosts or services");
  });
});

describe("an unusable text", () => {
  it.each(["", " \n\t"])("%j is empty", (text) => {
    expect(parse(text)).toEqual([
      "error: configuration: is empty; rule_name, redis, and global_threshold or rule_items are expected",
    ]);
  });

  it("tells where JSON ends", () => {
    const [line] = parse('{"rule_name": "a",}');
    expect(line).toMatch(/^error: configuration: is not valid JSON, at byte 1[89]$/);
  });
});

describe("values in another type", () => {
  it.each([
    ["15", "15"],
    ['"15"', "15"],
    ['"-7"', "-7"],
    ['"007"', "7"],
    ["15.9", "15~"],
    ["-15.9", "-15~"],
    ["0.5", "0~"],
    ["15.0", "15"],
    ["1e3", "1000"],
    ["1.5e3", "1500"],
    ["1.2345E2", "123~"],
    ["1500e-2", "15"],
    ["1505e-2", "15~"],
    ["1e-400", "0~"],
    ["0e999999999999", "0"],
    ["9007199254740993", "9007199254740993"],
    ["9223372036854775807", "9223372036854775807"],
    ["9223372036854775808", "9223372036854775807"],
    ["1e999999999999", "9223372036854775807"],
    ["-1e30", "-9223372036854775807"],
    ['"99999999999999999999"', "9223372036854775807"],
    ['""', "none"],
    ['"-"', "none"],
    ['"15x"', "none"],
    ['"1e3"', "none"],
    ['"1.5"', "none"],
    ['" 15"', "none"],
    ["true", "none"],
    ["null", "none"],
    ["[1]", "none"],
    ["{}", "none"],
  ])("%s is the number %s", (text, number) => expect(config.integer(text)).toBe(number));

  it("reads a count as decimal arithmetic does", () => {
    const decimal = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.integer({ min: -20, max: 3 }));
    fc.assert(
      fc.property(decimal, ([digits, exponent]) => {
        const scale = 10n ** BigInt(Math.abs(exponent));
        const whole = exponent < 0 ? digits / scale : digits * scale;
        const cut = exponent < 0 && digits % scale !== 0n ? "~" : "";
        expect(config.integer(`${digits}e${exponent}`)).toBe(`${whole}${cut}`);
      }),
    );
  });

  it.each([
    [
      '{"token_per_minute": 15.9}',
      "15/60",
      ["warning: global_threshold.token_per_minute: is 15.9; the fraction is ignored"],
    ],
    ['{"token_per_minute": 1e3}', "1000/60", []],
    ['{"token_per_minute": 9007199254740991}', "9007199254740991/60", []],
    ['{"token_per_day": 9007199254740993}', "9007199254740993/86400", []],
    ['{"token_per_day": 99999999999999999999}', "9223372036854775807/86400", []],
  ])("global_threshold %s is %s", (threshold, windows, lines) => {
    expect(
      parse(`{"rule_name":"r","redis":{"service_name":"redis.static"},"global_threshold":${threshold}}`),
    ).toEqual(lines);
    expect(config.dump(-1)).toContain(`global=${windows};`);
  });

  it("keeps the text of a number", () => {
    const text =
      '{"rule_name":1.50,"redis":{"service_name":"redis.static"},"global_threshold":{"token_per_day":1}}';
    expect(parse(text)).toEqual([
      "warning: rule_name: is a number, taken exactly as it is written; put it in quotes",
    ]);
    expect(config.dump(-1)).toContain("name=1.50;");
    parse({ ...global, rule_name: 7, redis: { service_name: "redis.static", password: 123456 } });
    expect(config.dump(-1)).toContain("name=7;");
    expect(config.dump(-1)).toContain(" :123456 ");
  });

  it("takes the message as it stands", () => {
    for (const [value, message] of [
      ['"x"', "x"],
      ["12", "12"],
      ["false", "false"],
      ['{"a": [1,  2]}', '{"a": [1,  2]}'],
      ["[1, 2]", "[1, 2]"],
    ]) {
      const text = `{"rule_name":"r","rejected_msg":${value},"redis":{"service_name":"a.static"},"global_threshold":{"token_per_day":1}}`;
      expect(parse(text)).toEqual([]);
      expect(config.dump(-1)).toContain(`message=${message}; `);
    }
  });
});

describe("warnings", () => {
  const rule = (match: object): object => ({ _rules_: [{ ...match, ...global }] });

  it.each<[string, unknown, string[]]>([
    [
      "an unknown field",
      { ...global, rejected_mesage: "x" },
      ["rejected_mesage: is not a known field and does nothing; did you mean rejected_msg?"],
    ],
    [
      "another spelling",
      { ...global, rejectedCode: 1 },
      ["rejectedCode: is not a known field and does nothing; did you mean rejected_code?"],
    ],
    [
      "a field like no other",
      { ...global, show_limit_quota_header: true },
      ["show_limit_quota_header: is not a known field and does nothing"],
    ],
    [
      "one in redis",
      { ...global, redis: { ...redis, servce_port: 1 } },
      ["redis.servce_port: is not a known field and does nothing; did you mean service_port?"],
    ],
    [
      "one in a threshold",
      { ...global, global_threshold: { token_per_minute: 1, token_per_hours: 1 } },
      [
        "global_threshold.token_per_hours: is not a known field and does nothing; did you mean token_per_hour?",
      ],
    ],
    [
      "one in a rule item",
      items({ ...header("a"), limit_by_heder: "x" }),
      ["rule_items[0].limit_by_heder: is not a known field and does nothing; did you mean limit_by_header?"],
    ],
    [
      "one in a key",
      items({ limit_by_header: "x", limit_keys: [{ keys: "b", key: "a", token_per_day: 1 }] }),
      ["rule_items[0].limit_keys[0].keys: is not a known field and does nothing; did you mean key?"],
    ],
    [
      "a field twice",
      '{"rule_name":"a","rule_name":"b","redis":{"service_name":"a.b"},"global_threshold":{"token_per_day":1}}',
      ["rule_name: is there more than once; the first one counts"],
    ],
    [
      "several limit_by_",
      items({ ...header("a"), limit_by_cookie: "c", limit_by_param: "p" }),
      ["rule_items[0]: has 3 limit_by_ fields, of which only limit_by_cookie counts"],
    ],
    [
      "the same item twice",
      items(header("a"), { ...header("b"), limit_by_header: "y" }, header("c")),
      ["rule_items[2]: looks at the same as rule_items[0]"],
    ],
    [
      "the same key twice",
      items({
        limit_by_header: "x",
        limit_keys: [
          { key: "a", token_per_day: 1 },
          { key: "a", token_per_day: 2 },
        ],
      }),
      ["rule_items[0].limit_keys[1].key: never applies, because earlier keys take all it could match"],
    ],
    [
      "a key behind *",
      items({
        limit_by_per_header: "x",
        limit_keys: [
          { key: "*", token_per_day: 1 },
          { key: "regexp:a", token_per_day: 2 },
          { key: "*", token_per_day: 2 },
        ],
      }),
      [
        "rule_items[0].limit_keys[1].key: never applies, because earlier keys take all it could match",
        "rule_items[0].limit_keys[2].key: never applies, because earlier keys take all it could match",
      ],
    ],
    [
      "a block inside another",
      items({
        limit_by_per_ip: "from-remote-addr",
        limit_keys: [
          { key: "0.0.0.0/0", token_per_day: 1 },
          { key: "1.2.3.4", token_per_day: 2 },
        ],
      }),
      ["rule_items[0].limit_keys[1].key: never applies, because earlier keys take all it could match"],
    ],
    [
      "a pattern as an exact key",
      items(header("*")),
      ["rule_items[0].limit_keys[0].key: is compared literally; patterns are for limit_by_per_header"],
    ],
    [
      "a regexp as an exact key",
      items(header("regexp:a")),
      ["rule_items[0].limit_keys[0].key: is compared literally; patterns are for limit_by_per_header"],
    ],
    [
      "no name",
      { ...global, rule_name: "" },
      ["rule_name: is empty, so that all rules without a name share their counters"],
    ],
    [
      "null as a name",
      { ...global, rule_name: null },
      ["rule_name: is empty, so that all rules without a name share their counters"],
    ],
    [
      "no name with several windows",
      { ...global, rule_name: "", global_threshold: { token_per_day: 1, token_per_hour: 1 } },
      ["rule_name: is empty, which puts the counters of one request into different slots of a Redis Cluster"],
    ],
    [
      "a name like } with all_match",
      { ...global, ...items(header("a")), rule_name: "}x", rule_mode: "all_match" },
      [
        "rule_name: begins with }, which puts the counters of one request into different slots of a Redis Cluster",
      ],
    ],
    ["a name like } with one counter", { ...global, rule_name: "}x" }, []],
    [
      "domain and service",
      rule({ _match_domain_: "a", _match_service_: "b" }),
      ["_rules_[0]._match_service_: does nothing beside _match_domain_"],
    ],
    [
      "route, domain and prefix",
      rule({ _match_route_: "a", _match_domain_: "b", _match_route_prefix_: "c" }),
      [
        "_rules_[0]._match_domain_: does nothing beside _match_route_",
        "_rules_[0]._match_route_prefix_: does nothing beside _match_route_",
      ],
    ],
    [
      "a domain with a port",
      rule({ _match_domain_: ["a.com", "b.com:8080"] }),
      ["_rules_[0]._match_domain_[1]: has a port, which no host is compared with, so it matches nothing"],
    ],
  ])("%s", (_, value, expected) => expect(parse(value)).toEqual(expected.map((line) => `warning: ${line}`)));

  it("suggest the nearest name only if it is near", () => {
    const known = ["rule_name", "rule_items", "redis", "key"];
    expect(config.nearest("rulename", known)).toBe("rule_name");
    expect(config.nearest("RULE-ITEM", known)).toBe("rule_items");
    expect(config.nearest("rdeis", known)).toBe("redis");
    expect(config.nearest("kye", known)).toBe("key");
    expect(config.nearest("x", known)).toBe("");
    expect(config.nearest("", known)).toBe("");
    expect(config.nearest("_", known)).toBe("");
    expect(config.nearest("a".repeat(10_000), known)).toBe("");
  });
});

describe("problems", () => {
  it("are all reported at once", () => {
    const broken = {
      rule_mode: "some",
      rule_items: [
        {
          limit_by_header: "x",
          limit_keys: [{ key: "a", token_per_minute: 0, token_per_day: "x" }, { token_per_hour: 1 }],
        },
        { limit_keys: [] },
        { limit_by_per_ip: "remote", limit_keys: [{ key: "nowhere" }] },
      ],
      rejected_code: 1,
      redis: { service_name: "", service_port: -1 },
      _rules_: [{ _match_route_: "a" }, 5],
    };
    expect(parse(broken).map((line) => line.split(": ")[1])).toEqual([
      "_rules_[0].redis",
      "_rules_[0].rule_name",
      "_rules_[0]",
      "_rules_[1]",
      "redis.service_name",
      "redis.service_port",
      "rule_name",
      "rule_mode",
      "rule_items[0].limit_keys[0].token_per_minute",
      "rule_items[0].limit_keys[0].token_per_day",
      "rule_items[0].limit_keys[1].key",
      "rule_items[1]",
      "rule_items[1].limit_keys",
      "rule_items[2].limit_by_per_ip",
      "rule_items[2].limit_keys[0]",
      "rule_items[2].limit_keys[0].key",
      "rejected_code",
    ]);
    expect(config.describe()).toBe("refused");
  });

  it("are counted when there are too many", () => {
    const lines = parse(
      items({ limit_by_header: "x", limit_keys: Array.from({ length: 250 }, () => ({ key: "a" })) }),
    );
    const errors = lines.filter((line) => line.startsWith("error"));
    expect(errors).toHaveLength(101);
    expect(errors[100]).toBe("error: … and 150 more");
    const unknown = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field_${i}`, i]));
    const warnings = parse({ ...global, ...unknown });
    expect(warnings).toHaveLength(101);
    expect(warnings[100]).toBe("warning: … and 4900 more");
  });

  it("of a very large configuration are all found", () => {
    const mistakes = Array.from({ length: 50_000 }, (_, i) => ({ [`limit_by_${i}`]: i }));
    expect(parse(items(...mistakes))).toContain("error: … and 99900 more");
  });

  it("never repeat a secret", () => {
    const secret = "hunter2";
    for (const password of [secret, [secret], { a: secret }]) {
      for (const name of [secret, `redis://:${secret}@redis.static`, [secret]]) {
        const lines = parse({
          ...global,
          redis: { service_name: name, username: password, password, timeout: -1 },
        });
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.join("\n")).not.toContain(secret);
      }
    }
    parse({ ...global, redis: { ...redis, password: secret } });
    expect(config.describe()).not.toContain(secret);
  });

  it("cut long names and values", () => {
    const [line = ""] = parse({ ...global, rule_mode: "x".repeat(1000) });
    expect(line.length).toBeLessThan(120);
    const [unknown = ""] = parse({ ...global, ["y".repeat(1000)]: 1 });
    expect(unknown.length).toBeLessThan(120);
  });
});

describe("hostile configurations", () => {
  const word = fc.constantFrom(
    ..."rule_name rule_mode rule_items global_threshold redis service_name limit_keys key token_per_day _rules_".split(
      " ",
    ),
    ..."limit_by_header limit_by_per_ip limit_by_per_header limit_by_consumer _match_route_ _match_domain_ rejected_msg".split(
      " ",
    ),
    ..."all_match regexp:a* regexp:( * 10.0.0.0/8 from-remote-addr a.static } | :".split(" "),
  );
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      word,
      fc.double(),
      fc.integer(),
      fc.constantFrom(null, true, ""),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.dictionary(
      fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: fc.string() }),
      tie("value"),
      { maxKeys: 8 },
    ),
  })).object;

  it("are refused or read, but never trap", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(parse(value).length).toBeLessThanOrEqual(202);
      }),
      { numRuns: 1500 },
    );
  });

  it("may be any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(config.parse(bytes.slice().buffer).length).toBeGreaterThan(0);
      }),
    );
  });

  it("may be a good one with a wrong value in one place", () => {
    const texts = [...names("published"), ...names("valid")].map((name) => json(fixture(name)));
    const wrong = fc.constantFrom(
      "null",
      "{}",
      "[]",
      "0",
      "-1",
      "1e99",
      '""',
      '"x"',
      "true",
      "[[]]",
      '{"a":1}',
      "",
    );
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), wrong, (text, place, value) => {
        const scalars = [...text.matchAll(/"[^"]*"(?!:)|\d+|\{|\[/g)];
        const { index, 0: old } = scalars[place % scalars.length]!;
        parse(text.slice(0, index) + value + text.slice(index + old.length));
      }),
      { numRuns: 1500 },
    );
  });
});

describe("10,000 keys", () => {
  const many = (count: number, kind: string, key: (i: number) => unknown): ArrayBuffer => {
    const keys = Array.from({ length: count }, (_, i) => ({ key: key(i), token_per_minute: i + 1 }));
    return utf8(
      JSON.stringify(
        items({ [kind]: kind === "limit_by_per_ip" ? "from-remote-addr" : "x", limit_keys: keys }),
      ),
    );
  };
  it.each<[string, (i: number) => string]>([
    ["limit_by_header", (i) => `key-${i}`],
    ["limit_by_per_ip", (i) => `10.${i >> 8}.${i & 255}.0/${20 + (i % 13)}`],
  ])("of %s are taken", (kind, key) => {
    expect(config.parse(many(10_000, kind, key)).filter((line) => line.startsWith("error"))).toEqual([]);
  });
});
