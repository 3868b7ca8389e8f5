// Headers are ordered, names ignore case, a lookup gives the first occurrence, empty is not absent.
// Envoy's HeaderMap as proxy-wasm filters see it; RFC 9110, 5.1 to 5.5.
import { expect, it } from "vitest";
import { HeaderMap, isValidHeader } from "../../gateway/src/chain/header-map.ts";

const map = (): HeaderMap =>
  new HeaderMap([
    ["A", "1"],
    ["b", ""],
    ["a", "2"],
    ["c", "3"],
  ]);

it("looks up the first occurrence, whatever the case", () => {
  expect(map().get("a")).toBe("1");
  expect(map().get("A")).toBe("1");
});

it("tells empty from absent", () => {
  expect(map().get("b")).toBe("");
  expect(map().get("d")).toBeUndefined();
});

it("shows lower-case names in their order", () => {
  expect([...map()]).toEqual([
    ["a", "1"],
    ["b", ""],
    ["a", "2"],
    ["c", "3"],
  ]);
});

it("replaces in place and drops the repetitions", () => {
  const headers = map();
  headers.replace("A", "9");
  expect([...headers]).toEqual([
    ["a", "9"],
    ["b", ""],
    ["c", "3"],
  ]);
});

it("adds what there was not to replace", () => {
  const headers = map();
  headers.replace("D", "4");
  expect([...headers].at(-1)).toEqual(["d", "4"]);
});

it("removes every occurrence", () => {
  const headers = map();
  headers.remove("A");
  expect([...headers].map(([name]) => name)).toEqual(["b", "c"]);
});

it("replaces everything at once", () => {
  const headers = map();
  headers.setAll([["X", "y"]]);
  expect([...headers]).toEqual([["x", "y"]]);
});

it.each([
  ["x-a", "b", true],
  [":path", "/", true],
  ["x-a", "\xff\t", true],
  ["x a", "b", false],
  ["", "b", false],
  ["x-a", "b\r\nx-b: c", false],
  ["x-a", "b\0", false],
])("%j: %j may be sent: %j", (name, value, expected) => {
  expect(isValidHeader(name, value)).toBe(expected);
});
