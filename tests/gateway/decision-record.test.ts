// Contract: the decision records in a filter's log are read, whatever is missing in them, and no other line is taken for one.
// Callers' values appear masked only.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countersIn, mask, maskKey, readCounterName } from "../../gateway/src/decisions/counter-key.ts";
import { readDecision } from "../../gateway/src/decisions/record.ts";
import { encodeCommand } from "../../gateway/src/redis/command.ts";

const WINDOW = {
  ...{ rule: "rule_items[0].limit_keys[0]", kind: "fixed_window", seconds: 60, unit: "tokens" },
  ...{ limit: 2000, used: 140, held: 10, remaining: 1850, reset_seconds: 42 },
};

describe("a record", () => {
  it("is read with all that it says", () => {
    const line = `[ai-token-ratelimit] decision ${JSON.stringify({
      outcome: "allowed",
      rule: WINDOW.rule,
      caller: "0123456789abcdef",
      why: "below the limit",
      windows: [WINDOW],
      estimate: { input: 12, output: 1024 },
      actual: { input: 10, output: 30 },
      charged: 40,
      redis_ms: 1,
    })}`;
    const { reset_seconds: resetSeconds, ...window } = WINDOW;
    expect(readDecision(line)).toEqual({
      ...{ outcome: "allowed", rule: WINDOW.rule, why: "below the limit" },
      windows: [{ ...window, resetSeconds }],
      estimate: { input: 12, output: 1024 },
      actual: { input: 10, output: 30 },
      ...{ charged: 40, redisMs: 1 },
    });
  });

  it("may lack anything but its outcome", () => {
    expect(readDecision('decision {"outcome":"unmatched"}')).toEqual({
      ...{ outcome: "unmatched", rule: "", why: "", windows: [] },
      ...{ estimate: null, actual: null, charged: null, redisMs: null },
    });
    expect(
      readDecision('decision {"outcome":"denied","windows":[{"limit":10,"used":7,"held":1}]}')?.windows,
    ).toEqual([
      {
        rule: "",
        kind: "",
        seconds: 0,
        unit: "tokens",
        limit: 10,
        used: 7,
        held: 1,
        remaining: 2,
        resetSeconds: 0,
      },
    ]);
  });

  it.each([
    "rule_items[0].limit_keys[0]: 60 of 200",
    "decision {",
    "decision []",
    "decision null",
    'decision {"outcome":"constructor"}',
    'xdecision {"outcome":"allowed"}',
    'x: decision {"outcome":"allowed"}',
    `decision {"outcome":"allowed","why":"${"x".repeat(9000)}"}`,
  ])("is not %j", (line) => {
    expect(readDecision(line)).toBeNull();
  });

  it("is bounded, and never a reason to fail", () => {
    const windows = Array.from({ length: 200 }, () => ({ limit: 1 }));
    expect(readDecision(`decision ${JSON.stringify({ outcome: "allowed", windows })}`)?.windows).toHaveLength(
      64,
    );
    fc.assert(
      fc.property(fc.json(), fc.json(), (windows, estimate) => {
        readDecision(`decision {"outcome":"allowed","windows":${windows},"estimate":${estimate}}`);
        readDecision(`decision ${windows}`);
      }),
    );
  });
});

describe("the name of a counter", () => {
  it.each([
    ["higress-token-ratelimit:r:global_threshold:60", "global_threshold", "60", "", ""],
    [
      "higress-token-ratelimit:{r}:limit_by_per_header:s60:x-key:a:b",
      "limit_by_per_header",
      "s60",
      "x-key",
      "a:b",
    ],
    ["higress-token-ratelimit:r:match:60:0123456789abcdef:3:ann", "match", "60", "0123456789abcdef", "3:ann"],
    ["higress-token-ratelimit:r:s:limit_by_cookie:60:c:v\nw", "limit_by_cookie", "60", "c", "v\nw"],
  ])("%j is taken apart", (key, limitBy, window, name, caller) => {
    expect(readCounterName(key)).toEqual({ limitBy, window, name, caller });
  });

  it("does not let a caller choose where its value begins", () => {
    const key = "higress-token-ratelimit:r:limit_by_per_header:60:x-key:secret:limit_by_per_header:60:x:y";
    expect(readCounterName(key)?.caller).toBe("secret:limit_by_per_header:60:x:y");
  });

  it("is found in commands of the filter, beside markers and holds", () => {
    const counter = "higress-token-ratelimit:r:global_threshold:60";
    const keys = [
      counter,
      "higress-token-ratelimit:held:{abcd}:x",
      "higress-token-ratelimit:charge:{abcd}:x",
      "other",
    ];
    expect(countersIn(encodeCommand(["EVALSHA", "0", String(keys.length), ...keys, "1"]))).toEqual([counter]);
    expect(countersIn(encodeCommand(["GET", counter]))).toEqual([]);
    expect(countersIn(Buffer.from("nonsense"))).toEqual([]);
  });
});

describe("a caller's value", () => {
  it.each([
    ["sk-alice-0123456789", "sk-…89"],
    ["Bearer sk-alice-0123456789", "Bearer sk-…89"],
    ["alice", "a…"],
    ["ab", "…"],
    ["Bearer ", "Bearer"],
    ["", ""],
    ["10.20.30.40", "10…0"],
    ["\u202Eevil\u202E-long-enough-value", "·ev…ue"],
  ])("%j shows as %j", (value, shown) => {
    expect(mask(value)).toBe(shown);
  });

  it("never shows more than five characters, nor more than a third of it", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        const shown = mask(value).replace("…", "");
        const secret = value.replace(/^(Bearer|Basic|Key|Token) +/i, "");
        expect(shown.length).toBeLessThanOrEqual(
          value.length - secret.length + Math.min(5, secret.length / 3),
        );
      }),
    );
  });

  it("is masked in the name of its counter", () => {
    expect(
      maskKey("higress-token-ratelimit:r:limit_by_per_header:60:authorization:Bearer sk-alice-1234"),
    ).toBe("higress-token-ratelimit:r:limit_by_per_header:60:authorization:Bearer sk-…4");
    expect(maskKey("higress-token-ratelimit:r:global_threshold:60")).toBe(
      "higress-token-ratelimit:r:global_threshold:60",
    );
  });
});
