// Contract: scripts/lua-scripts.mjs leaves out the blanks that Redis does not need, and no others. tests/lua runs the scripts.
import { expect, it } from "vitest";
import { squeezed } from "../../scripts/lua-scripts.mjs";

it.each([
  ["local t = redis.call('TIME')", "local t=redis.call('TIME')"],
  ["return number .. ' and  more'", "return number..' and  more'"],
  ["return 1 .. a - -b", "return 1 ..a- -b"],
  ["if not a and 1 == 2 then return nil end", "if not a and 1==2 then return nil end"],
  ["if rows == @{i} then return { b, 0.5 } end", "if rows==@{i} then return{b,0.5}end"],
])("%s", (before, after) => {
  expect(squeezed(before)).toBe(after);
});

it("refuses a comment behind code", () => {
  expect(() => squeezed("return 1 -- why")).toThrow("a comment needs a line of its own");
});
