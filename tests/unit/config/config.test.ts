// Contract of assembly/config and of filters/token-ratelimit/config: the published configuration, every problem
// reported at once with its path, nothing that could trap. Specified in the published configuration reference of
// ai-token-ratelimit (higress.io, 2025) and, for what it leaves open, in the docstrings there.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { config, fixture, global, items, json, names, parse, utf8 } from "./support.ts";

describe("configurations in tests/fixtures/config", () => {
  it.each([...names("published"), ...names("valid")])("%s has no problem", (name) => {
    expect(parse(json(fixture(name)))).toEqual([]);
  });

  it.each(names("invalid"))("%s has the problem that its first line describes", (name) => {
    const text = fixture(name);
    const [first = ""] = text.split("\n");
    const expected = `error: ${first.slice(2)}`;
    const lines = parse(json(text));
    expect(lines).toHaveLength(1);
    if (expected.endsWith("*")) expect(lines[0]).toContain(expected.slice(0, -1));
    else expect(lines[0]).toBe(expected);
  });

  it("may have one object in place of a list, as published, but with a warning, because it may be meant as several", () => {
    const warning = "is an object, taken as a list of one; put a dash in front of it";
    expect(parse(json(fixture("one-object-for-a-list.yaml")))).toEqual([
      `warning: rule_items: ${warning}`,
      `warning: rule_items[0].limit_keys: ${warning}`,
    ]);
    expect(config.dump(-1)).toContain("items=1;");
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

  it("is refused with the place where JSON ends", () => {
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
    ['{"token_per_day": 9007199254740992}', "9007199254740992/86400", []],
    ['{"token_per_month": 9, "token_per_week": 3}', "3/604800,9/2592000", []],
    ['{"request_per_day": 4, "token_per_hour": 2, "request_per_second": 1}', "2/3600,1/r1,4/r86400", []],
    [
      '{"request_per_week": 4, "request_per_month": 9007199254740992}',
      "4/r604800,9007199254740992/r2592000",
      [],
    ],
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

  it("takes the message unchanged", () => {
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
    expect(config.parse(many(10_000, kind, key), true).filter((line) => line.startsWith("error"))).toEqual(
      [],
    );
  });
});
