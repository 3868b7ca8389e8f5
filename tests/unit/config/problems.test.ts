// Contract of assembly/config: what is wrong or doubtful about a configuration is told, all at once, each with its path, and
// without secrets. Specified in the docstrings of assembly/config/problems.ts.
import { describe, expect, it } from "vitest";
import { config, global, header, items, parse, redis } from "./support.ts";

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

  it("do not hide behind a redis block that is a string, nor behind an unknown rule_mode", () => {
    const broken = {
      rule_name: "",
      rule_mode: "some",
      global_threshold: 5,
      rule_items: [7],
      redis: "redis.static",
    };
    expect(parse(broken)).toEqual([
      "error: redis: must be an object, is a string; the name of a service is its service_name",
      "error: rule_mode: must be first_match or all_match",
      "error: global_threshold: must be an object, is a number",
      "error: rule_items[0]: must be an object, is a number",
      "warning: rule_name: is empty, so that all rules without a name share their counters",
    ]);
  });

  it.each<[string, object, string]>([
    ["a misspelt name", { limit_by_per_heder: "x" }, 'must be "*" or begin with "regexp:"'],
    ["a name that is a list", { limit_by_per_header: ["x"] }, 'must be "*" or begin with "regexp:"'],
    [
      "another misspelt name",
      { limit_by_per_ipp: "from-remote-addr" },
      "must be an IP address or a block of them",
    ],
    ["no name at all", {}, ""],
  ])("in the keys of a rule item do not hide behind %s", (_, subject, keyMessage) => {
    const keys = [{ key: "alice", token_per_day: 1 }, { kee: "b", token_per_day: 0 }, {}, 5];
    const lines = parse(items({ ...subject, limit_keys: keys }));
    const errors = lines.filter((line) => line.startsWith("error: rule_items[0].limit_keys"));
    const paths = [
      "rule_items[0].limit_keys[1].key",
      "rule_items[0].limit_keys[1].token_per_day",
      "rule_items[0].limit_keys[2].key",
      "rule_items[0].limit_keys[2]",
      "rule_items[0].limit_keys[3]",
      ...(keyMessage === "" ? [] : ["rule_items[0].limit_keys[0].key"]),
    ];
    expect(errors.map((line) => line.split(": ")[1]).sort()).toEqual(paths.sort());
    expect(errors.join("\n")).toContain(keyMessage);
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

  describe("of patterns that take long", () => {
    const keys = (...patterns: string[]): object => ({
      limit_by_per_header: "x",
      limit_keys: patterns.map((one) => ({ key: `regexp:${one}`, token_per_minute: 1 })),
    });
    const slow = (i: number): string => `(?:a?){900}[a-${String.fromCharCode(98 + i)}]{900}9`;

    it.each<[string, object]>([
      ["a few ordinary ones", items(keys("^Bearer [A-Za-z0-9._-]+$", "[0-9]+@x", "^team-[0-9]{1,3}$"))],
      ["large ones that need not be simulated", items(keys("(?:a?){900}b", "(?:a?){900}c"))],
      [
        "ten thousand of which one value has the literal of one",
        items(keys(...Array.from({ length: 10_000 }, (_, i) => `^team-${i}-[0-9]+$`))),
      ],
    ])("says nothing of %s", (_, configuration) => expect(parse(configuration)).toEqual([]));

    it("warns of one, with its cost and its place", () => {
      expect(parse(items({ ...keys("^a"), limit_by_per_header: "y" }, keys("b", slow(0))))).toEqual([
        expect.stringMatching(
          /^warning: rule_items: have patterns that may take about 3\d ms of a worker for one request, most of it, 3\d ms, rule_items\[1\]\.limit_keys\[1\]\.key; counted repetitions cost most$/,
        ),
      ]);
    });

    it("warns of many, none of which takes long", () => {
      const many = Array.from({ length: 100 }, (_, i) => `-team-${i}-.*x`);
      expect(parse(items(keys(...many)))).toEqual([expect.stringMatching(/about 3\.\d ms/)]);
      expect(parse(items(keys(...many.slice(0, 10))))).toEqual([]);
    });

    it("warns of those of several items together, and of ten of the worst", () => {
      const ten = Array.from({ length: 10 }, (_, i) => slow(i));
      expect(parse(items(...ten.map((one, i) => ({ ...keys(one), limit_by_per_header: `x${i}` }))))).toEqual([
        expect.stringMatching(/^warning: .* about 3\d\d ms/),
      ]);
      expect(parse(items(keys(...ten)))).toEqual([expect.stringMatching(/^warning: .* about 3\d\d ms/)]);
    });

    it("refuses those that could hold a worker for more than a second", () => {
      const worst = Array.from({ length: 12 }, (_, i) =>
        slow(i).replace(/9$/, "(?:a?){900}".repeat(3) + "9"),
      );
      expect(parse(items(keys(...worst)))).toEqual([
        expect.stringMatching(/^error: rule_items: have patterns .*; at most 1000 ms are allowed$/),
      ]);
    });
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

  const complete = {
    rule_name: "r",
    rule_mode: "all_match",
    global_threshold: { token_per_day: 5 },
    rule_items: [
      { limit_by_per_header: "x", limit_keys: [{ key: "regexp:^a", token_per_minute: 1 }] },
      {
        limit_by_per_ip: "from-header-x",
        trusted_proxies: ["10.0.0.0/8"],
        limit_keys: [{ key: "::/0", token_per_minute: 1 }],
      },
    ],
    rejected_code: 429,
    rejected_msg: "no",
    token_weights: { input: 1, cached_input: 0.1 },
    missing_usage: "ignore",
    strip_accept_encoding: true,
    redis: {
      service_name: "redis.dns",
      service_port: 1,
      username: "u",
      password: "p",
      timeout: 1,
      database: 1,
      http: { cluster: "c", path: "/", api: "webdis", authorization: "Basic x" },
    },
    _rules_: [{ _match_domain_: ["a.com"], ...global }],
  };
  /** The paths of all values in an object, those of objects and lists too. */
  const paths = (value: unknown): string[][] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([name, inner]) => [
          [name],
          ...paths(inner).map((rest) => [name, ...rest]),
        ])
      : [];
  const change = (value: object, [name = "", ...rest]: string[], to: unknown): object => {
    const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
    copy[name] = rest.length === 0 ? to : change(copy[name] as object, rest, to);
    return copy;
  };

  it.each(paths(complete).map((path) => [path.join("."), path] as const))(
    "never repeat a string in place of %s",
    (_, path) => {
      expect(parse(complete)).toEqual([]);
      const secret = "hunter2";
      const strings = [
        secret,
        `${secret} \u00e9|`,
        `regexp:(?<${secret}`,
        `regexp:[z-a${secret}`,
        `regexp:\\p{${secret}`,
      ];
      for (const text of [...strings, `${secret}: x`, `/${secret}/`, `${secret}/8`]) {
        for (const value of [text, [text], { a: text }, [[text]], { key: text }]) {
          const lines = parse(change(complete, path, value));
          expect(lines.join("\n")).not.toContain(secret);
        }
      }
    },
  );

  describe("of redis blocks for one service", () => {
    const both = (first: object, second: object): object => ({
      ...global,
      redis: { service_name: "redis.dns", ...first },
      _rules_: [
        { _match_route_: "a", ...global, redis: { service_name: "other.dns", password: "p" } },
        { _match_route_: "b", ...global, redis: { service_name: "redis.dns", ...second } },
      ],
    });
    const message = (fields: string): string =>
      `error: redis: names the service of _rules_[1].redis with another ${fields}; ` +
      "the gateway reaches a service in one way only; give both the same, or services of their own";

    it.each<[object, object, string]>([
      [{ database: 1 }, { database: 2 }, "database"],
      [{}, { database: 2 }, "database"],
      [{ username: "u" }, {}, "username"],
      [{ password: "p" }, { password: "q" }, "password"],
      [{ timeout: 500 }, { timeout: 1000 }, "timeout"],
      [{ timeout: 500 }, { service_port: 6379 }, "timeout"],
      [{ password: "p", database: 3 }, {}, "password, database"],
    ])("tell both places when %j and %j differ", (first, second, fields) => {
      expect(parse(both(first, second))).toEqual([message(fields)]);
      // Where each command has its own way, nothing is shared.
      expect(parse(both(first, second), false)).toEqual([]);
    });

    it.each<[object, object]>([
      [{ database: 0, timeout: 1000 }, {}],
      [{ service_port: 6379 }, { service_port: "6379" }],
      [{ service_port: 6380, database: 1 }, { database: 2 }],
      [{ service_name: "a.dns", database: 1 }, { database: 2 }],
    ])("are right when %j and %j are the same, or of other services", (first, second) =>
      expect(parse(both(first, second))).toEqual([]),
    );

    it("are told beside all other mistakes", () => {
      const lines = parse({ ...both({ database: 1 }, {}), rule_name: null, rejected_code: 1 });
      expect(lines.map((line) => line.split(":")[1])).toEqual([" rejected_code", " redis", " rule_name"]);
    });
  });

  it("cut long names and values", () => {
    const [line = ""] = parse(
      JSON.stringify({ ...global, rejected_code: 0 }).replace(":0", `:${"9".repeat(1000)}`),
    );
    expect(line.length).toBeLessThan(120);
    const [unknown = ""] = parse({ ...global, ["y".repeat(1000)]: 1 });
    expect(unknown.length).toBeLessThan(120);
  });
});
