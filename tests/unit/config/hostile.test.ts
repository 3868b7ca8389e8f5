// Contract of assembly/config and of filters/token-ratelimit/config: no configuration traps, whatever its bytes.
// Specified in ARCHITECTURE.md, "Memory and traps".
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { config, fixture, json, names, parse } from "./support.ts";

describe("hostile configurations", () => {
  const word = fc.constantFrom(
    ..."rule_name rule_mode rule_items global_threshold redis service_name limit_keys key token_per_day _rules_ calendar time_zone".split(
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
        expect(config.parse(bytes.slice().buffer, true).length).toBeGreaterThan(0);
      }),
    );
  });

  it("may be valid except for one wrong value", () => {
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
