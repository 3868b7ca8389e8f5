// Contract of assembly/config: what is wrong about a configuration is told, all at once, each with its path, in lines of bounded length
// and number. Specified in the docstrings of assembly/config/problems.ts.
import { describe, expect, it } from "vitest";
import { config, global, items, parse } from "./support.ts";

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

  it("are found despite a redis block that is a string or an unknown rule_mode", () => {
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
  ])("in the keys of a rule item are found despite %s", (_, subject, keyMessage) => {
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

  it("of a match are found, each with its path", () => {
    const conditions = [
      { consumer: "*", model: "m" },
      { heder: "x", value: "*" },
      { header: "x" },
      { header: "", value: "*" },
      { model: "regexp:(" },
      { ip: "nowhere" },
      { ip: "1.1.1.1", from: "header-x" },
      { consumer: ["a"] },
      { consumer: "a", value: "b", from: "c" },
      7,
    ];
    const lines = parse(
      items(
        { match: conditions, limit_keys: [], limit_by_header: "x" },
        { match: [], token_per_minute: 5 },
        { match: null, token_per_minute: 5 },
      ),
    );
    expect(lines.map((line) => line.split(": ").slice(0, 2).join(": ")).sort()).toEqual(
      [
        "error: rule_items[0].limit_by_header",
        "error: rule_items[0].limit_keys",
        "error: rule_items[0]",
        "error: rule_items[0].match[0]",
        "error: rule_items[0].match[1]",
        "warning: rule_items[0].match[1].heder",
        "error: rule_items[0].match[2].value",
        "error: rule_items[0].match[3].header",
        "error: rule_items[0].match[4].model",
        "error: rule_items[0].match[5].ip",
        "error: rule_items[0].match[6].from",
        "error: rule_items[0].match[7].consumer",
        "warning: rule_items[0].match[8].value",
        "warning: rule_items[0].match[8].from",
        "error: rule_items[0].match[9]",
        "error: rule_items[1].match",
        "error: rule_items[2].match",
      ].sort(),
    );
    expect(lines.join("\n")).toContain("did you mean header?");
    const [misspelt] = parse(items({ mach: [{ consumer: "*" }], token_per_minute: 5 })).filter((line) =>
      line.includes("did you mean"),
    );
    expect(misspelt).toContain("did you mean match?");
  });

  it("are only counted when there are too many", () => {
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

  it("cut long names and values", () => {
    const [line = ""] = parse(
      JSON.stringify({ ...global, rejected_code: 0 }).replace(":0", `:${"9".repeat(1000)}`),
    );
    expect(line.length).toBeLessThan(120);
    const [unknown = ""] = parse({ ...global, ["y".repeat(1000)]: 1 });
    expect(unknown.length).toBeLessThan(120);
  });
});
