// Contract of assembly/request, for cookies: found as the published plugin does, and in other spellings that servers
// accept, whichever line they stand in. Specified in RFC 6265 4.2 (cookie).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ABSENT, AMBIGUOUS, cookie } from "./support.ts";

describe("a cookie, as published", () => {
  it.each([
    ["k=v", "v"],
    ["j=1; k=v; l=2", "v"],
    ["j=1;k=v;l=2", "v"],
    ["  k=v\t", "v"],
    ["k=v=w==", "v"],
    ["k=", ABSENT],
    ["k= ; j=v", ABSENT],
    ["k==v", ABSENT],
    ["K=v", ABSENT],
    ["kk=v", ABSENT],
    ["j=k=v", ABSENT],
    ["j; k=v", "v"],
    ["", ABSENT],
    [";;; k=v;", "v"],
    ["k=a b", "a b"],
    ["k=a:b/c+d", "a:b/c+d"],
    ["k=s%3Aabc.x%2By%2Fz%3D", "s%3Aabc.x%2By%2Fz%3D"],
    ["k=100%", "100%"],
    ["k=%zz", "%zz"],
  ])("%j has %j", (header, value) => expect(cookie(header)).toBe(value));

  it("is not made by a bare name", () => {
    expect(cookie("k")).toBe(ABSENT);
    expect(cookie("k; k=v")).toBe("v");
    expect(cookie("k;")).toBe(ABSENT);
  });

  it("follows one rule for all bytes", () => {
    const soup = fc.string({ unit: fc.constantFrom(...'kkj=;;v"'.split("")), maxLength: 24 });
    fc.assert(
      fc.property(soup, (header) => {
        const pairs = header.split(";").map((pair) => pair.split("="));
        const values = pairs.filter((pair) => pair.length > 1 && pair[0] === "k").map((pair) => pair[1]!);
        const different = new Set(values.map((value) => value.replace(/^"(.*)"$/, "$1")));
        expect(cookie(header)).toBe(different.size > 1 ? AMBIGUOUS : [...different][0] || ABSENT);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("a cookie in another spelling that servers accept", () => {
  it.each([
    ["k =v", "v"],
    ["k = v", "v"],
    ["k\t=\tv", "v"],
    ["k=v =w", "v"],
    ['k="v"', "v"],
    ['k= "v" ', "v"],
    ['k="\\v"', "v"],
    ['k="\\166"', "v"],
    ['k="\\"v\\\\"', '"v\\'],
    ['k="a\\0736"', "a;6"],
    ['k="\\45\\400v\\"', "45400v\\"],
    ["k=\\v", "\\v"],
    ['k="', '"'],
    ['k="v', '"v'],
    ['$Version="1"; k="v"; $Path="/"', "v"],
    ["k=%76", "v"],
    ["k=%2576", "%2576"],
    ["k=s:a%62c", "s%3Aabc"],
    ["k=%3a", "%3A"],
    ["j=1 k=v", "v"],
    ["j=1, k=v", "v"],
    ["j=1,k = v", "v"],
    ["j=1,kk=v", ABSENT],
    ["j=1 kk=v", ABSENT],
  ])("%j has %j", (header, value) => expect(cookie(header)).toBe(value));

  it("is found in all lines", () => {
    expect(cookie(["a=b", "k=v"])).toBe("v");
    expect(cookie(["k=v", "a=b", "c=d"])).toBe("v");
    expect(cookie(["a=b", "", ";", " k=v "])).toBe("v");
    expect(cookie(Array.from({ length: 500 }, (_, i) => `c${i}=1`).concat("k=v"))).toBe("v");
  });

  it.each([
    [["k=v; k=w"]],
    [["k=v", "k=w"]],
    [["k=; k=v"]],
    [["k=v; k="]],
    [["k=v; j=1 k=w"]],
    [["k=v; j=1,k=w"]],
    [["k=v", "k=v; k=V"]],
  ])("is ambiguous in %j", (lines) => expect(cookie(lines)).toBe(AMBIGUOUS));

  it.each([[["k=v; k=v"]], [["k=v", 'k="v"', "k=%76"]]])("is the same in %j", (lines) =>
    expect(cookie(lines)).toBe("v"),
  );
});
