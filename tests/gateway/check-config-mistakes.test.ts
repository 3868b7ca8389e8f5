// Contract of check-config: every mistake at once, each with its place in the user's file and the user's own path.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "../../gateway/src/config/nearest.ts";
import { check, GOOD } from "./check-config-text.ts";

describe("mistakes", () => {
  it("of a bare configuration stand with line and column, in the order of the file", () => {
    const text = `rule_name: r
rule_items:
  - limit_by_per_heder: x
    limit_keys:
      - {key: alice, token_per_minute: 99999999999999999999}
      - kee: b
redis: redis.static
rejected_code: 9`;
    expect(check(text)).toEqual([
      "f:3:5: warning: rule_items[0].limit_by_per_heder: is not a known field and does nothing; did you mean limit_by_per_header?",
      expect.stringMatching(/^f:3:5: error: rule_items\[0\]: needs one of limit_by_header, /),
      expect.stringMatching(
        /^f:5:15: error: rule_items\[0\]\.limit_keys\[0\]\.key: must be "\*" or begin with/,
      ),
      "f:5:40: error: rule_items[0].limit_keys[0].token_per_minute: must be a whole number of at most 9007199254740992, is 99999999999999999999",
      "f:6:9: warning: rule_items[0].limit_keys[1].kee: is not a known field and does nothing; did you mean key?",
      expect.stringMatching(/^f:6:9: error: rule_items\[0\]\.limit_keys\[1\]\.key: is missing/),
      expect.stringMatching(/^f:6:9: error: rule_items\[0\]\.limit_keys\[1\]: needs at least one token_per/),
      expect.stringMatching(/^f:7:8: error: redis: must be an object, is a string/),
      "f:8:16: error: rejected_code: must be a whole number from 200 to 599, is 9",
    ]);
  });

  it("in YAML itself are all told, and others beside a key that is there twice", () => {
    expect(check(`a: [1\nb: 2\n---\n${GOOD}\n---\nc: }`).map((line) => line.split(": ")[0])).toEqual([
      "f:2:1",
      "f:8:4",
    ]);
    expect(check(`${GOOD}\nrule_name: b\nrejected_code: 1`)).toEqual([
      "f:4:1: error: Map keys must be unique",
      expect.stringMatching(/^f:5:16: error: rejected_code: /),
    ]);
  });

  it("are found through aliases and merges, where the text stands, under the path that it has there", () => {
    const text = `x: &redis {service_name: r.static, tiemout: 5}
rule_name: r
global_threshold: &limit
  <<: {token_per_day: 0}
redis: *redis`;
    expect(check(text)).toEqual([
      "f:1:1: warning: x: is not a known field and does nothing",
      "f:1:36: warning: redis.tiemout: is not a known field and does nothing; did you mean timeout?",
      expect.stringMatching(/^f:4:23: error: global_threshold\.token_per_day: must be a whole number/),
    ]);
  });

  it.each([
    ["an alias of itself", "a: &a {b: *a}", /an alias refers to what it stands in/],
    ["an unknown alias", "a: *b", /Unresolved alias/],
    [
      "too many aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f"].map((n, i) => `${n}: &${n} [${Array(9).fill(`*${"abcde"[i]}`).join(",")}]`).join("\n")}`,
      /Excessive alias count/,
    ],
    [
      "a number that is none",
      `${GOOD}\nrejected_code: .inf`,
      /^f:4:16: error: rejected_code: is not a number in JSON/,
    ],
    ["nothing", "# nothing", /^f: error: there is no configuration/],
    ["a list", "- a", /^f:1:1: error: expected a mapping, got a list/],
    ["a depth without end", `a: ${"[".repeat(20_000)}`, /error/],
  ])("told in one line each: %s", (_name, text, message) => {
    const lines = check(text);
    expect(lines.join("\n")).toMatch(message);
    for (const line of lines) expect(line).not.toContain("\n");
  });

  it("in a large JSON text in another are found without reading it once for each", () => {
    const keys = Array.from({ length: 3000 }, (_, i) => ({ key: `k${i}`, token_per_day: i % 30 }));
    const inner = {
      rule_name: "r",
      rule_items: [{ limit_by_header: "x", limit_keys: keys }],
      redis: { service_name: "r.static" },
    };
    const type = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
    const configuration = {
      "@type": "type.googleapis.com/google.protobuf.StringValue",
      value: JSON.stringify(inner),
    };
    const text = JSON.stringify({
      static_resources: { "@type": type, config: { name: "x", configuration } },
    });
    const began = performance.now();
    expect(check(text)).toHaveLength(100);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("in any text are told, and never thrown", () => {
    const piece = fc.constantFrom(
      "rule_name",
      "rule_items",
      ": ",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "<<: ",
      "|",
      '"',
      "redis",
      "kind: WasmPlugin\n",
      "spec:\n",
      "---\n",
      "'",
      "#",
      "5",
      "static_resources:\n",
      '"@type": x.Wasm\n',
      "configuration",
      "%",
      "!!binary ",
      "? ",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        for (const line of check(pieces.join("")))
          expect(line).toMatch(/^f(:\d+:\d+)?: (error|warning|note): /);
      }),
      { numRuns: 300 },
    );
  });
});

it("suggests the nearest name only if it is near", () => {
  const known = ["priority", "phase", "matchRules", "url"];
  expect(["priorty", "MATCHRULE", "pahse", "ulr"].map((name) => nearest(name, known))).toEqual([
    "priority",
    "matchRules",
    "phase",
    "url",
  ]);
  for (const name of ["", "x", "ab", "provider", "p".repeat(1000)])
    expect(nearest(name, known)).toBeUndefined();
});
