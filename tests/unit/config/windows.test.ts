// Contract of what a configuration says about the windows of its limits: their algorithm, the calendar and its clock, tokens and
// requests. Specified in the README, "Algorithms".
import { describe, expect, it } from "vitest";
import { config, global, parse, redis } from "./support.ts";

const LIMIT = { token_per_month: 5, request_per_day: 7 };
/** A configuration with a global threshold, and a rule item beside it. */
const both = (own: object, item: object): object => ({
  rule_name: "r",
  redis,
  rule_mode: "all_match",
  global_threshold: LIMIT,
  ...own,
  rule_items: [{ limit_by_per_header: "x", limit_keys: [{ key: "*", ...LIMIT }], ...item }],
});
const windowsOf = (own: object): string => {
  expect(parse({ ...global, global_threshold: LIMIT, ...own })).toEqual([]);
  return /global=([^;]*);/.exec(config.dump(-1))![1]!;
};

describe("windows", () => {
  it.each([
    [{}, "5/2592000,7/r86400"],
    [{ calendar: false }, "5/2592000,7/r86400"],
    [{ calendar: true }, "5/c2592000+0,7/rc86400+0"],
    [{ calendar: true, algorithm: "fixed_window" }, "5/c2592000+0,7/rc86400+0"],
    [{ calendar: true, time_zone: "+08:00" }, "5/c2592000+28800,7/rc86400+28800"],
    [{ calendar: true, time_zone: "-03:30" }, "5/c2592000-12600,7/rc86400-12600"],
    [{ calendar: true, time_zone: "-00:00" }, "5/c2592000+0,7/rc86400+0"],
    [{ calendar: true, time_zone: "+14:00" }, "5/c2592000+50400,7/rc86400+50400"],
    [{ calendar: true, time_zone: "" }, "5/c2592000+0,7/rc86400+0"],
    [{ algorithm: "sliding_window" }, "5/s2592000,7/rs86400"],
    [{ algorithm: "token_bucket" }, "5/b2592000,7/rb86400"],
    [{ algorithm: "token_bucket", global_threshold: { ...LIMIT, burst: 11 } }, "11/b2592000,7/rb86400"],
  ])("of %j are %s", (own, windows) => {
    expect(windowsOf(own)).toBe(windows);
  });

  it.each([
    ...["+8:00", "+08:0", "+08:000", "08:00", " +08:00", "+08:00 ", "+08-00", "+0800", "+14:60", "+15:00"],
    ...["+99:99", "Asia/Shanghai", "UTC", "Z", "+ 8:00", "+08:-1", "＋08:00", "+08：00", 600, 8, true],
  ])("have no clock such as %j", (time_zone) => {
    const error = 'time_zone: must be an offset from UTC in quotes, such as "+08:00"';
    expect(parse({ ...global, calendar: true, time_zone })).toEqual([`error: ${error}`]);
    expect(parse(both({ calendar: true }, { time_zone }))).toEqual([`error: rule_items[0].${error}`]);
  });

  it.each([
    [{ calendar: true, algorithm: "sliding_window" }, {}, "algorithm"],
    [{ calendar: true }, { algorithm: "token_bucket" }, "rule_items[0].algorithm"],
    [{ algorithm: "token_bucket" }, { calendar: true }, "rule_items[0].calendar"],
  ])("of a calendar are fixed: %j, %j", (own, item, path) => {
    expect(parse(both(own, item))).toContain(`error: ${path}: calendar needs algorithm fixed_window`);
  });

  it.each([
    [{ calendar: true }, { calendar: false, algorithm: "token_bucket" }],
    [{ algorithm: "sliding_window" }, { calendar: true, algorithm: "fixed_window" }],
    [{ time_zone: "+08:00" }, { calendar: true }],
    [{ calendar: true, time_zone: "+08:00" }, { time_zone: "-05:00" }],
    [{ calendar: true, time_zone: "+08:00" }, {}],
  ])("of a rule item may count otherwise than those of the configuration: %j, %j", (own, item) => {
    expect(parse(both(own, item))).toEqual([]);
  });

  it("tell of a clock that nothing uses", () => {
    const warning = "time_zone: does nothing without calendar";
    expect(parse(both({ time_zone: "+08:00" }, {}))).toEqual([`warning: ${warning}`]);
    expect(parse(both({ calendar: true }, { calendar: false, time_zone: "+08:00" }))).toEqual([
      `warning: rule_items[0].${warning}`,
    ]);
  });

  it.each([0, -1, 9007199254740994, "9007199254740993", "many", null])(
    "never allow %j requests",
    (request_per_week) => {
      expect(parse({ ...global, global_threshold: { request_per_week } })).toEqual([
        expect.stringMatching(/^error: global_threshold\.request_per_week: must be a whole number/),
      ]);
    },
  );
});
