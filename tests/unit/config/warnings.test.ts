// Contract of assembly/config: what is doubtful about a configuration is told, with its path, and with the name that was meant.
// Specified in the docstrings of assembly/config/problems.ts.
import { describe, expect, it } from "vitest";
import { config, global, header, items, parse, redis } from "./support.ts";

describe("a configuration", () => {
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
  ])("is warned of: %s", (_, value, expected) =>
    expect(parse(value)).toEqual(expected.map((line) => `warning: ${line}`)),
  );

  it("gets a suggestion only if a known name is similar", () => {
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
