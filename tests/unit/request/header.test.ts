// Contract of assembly/request, for headers: one value however many blanks are around it, and none where lines differ.
// Specified in the docstrings there.
import { describe, expect, it } from "vitest";
import { ABSENT, AMBIGUOUS, bytes, header, latin1, request } from "./support.ts";

describe("a header's value", () => {
  it.each([
    ["sk-1", "sk-1"],
    [" sk-1", "sk-1"],
    ["sk-1 \t  ", "sk-1"],
    ["\t\tsk-1\t", "sk-1"],
    ["a b", "a b"],
    ["", ""],
    ["  \t ", ""],
    // What strip and trim of application servers take for blanks, in UTF-8 and in ISO 8859-1.
    ["\xc2\xa0sk-1\xc2\x85", "sk-1"],
    ["\xa0sk-1\xa0", "sk-1"],
    ["sk-1\xe3\x80\x80", "sk-1"],
    ["\xef\xbb\xbfsk-1\xe2\x80\xa8", "sk-1"],
    ["sk-1 \xa0\t\x85 ", "sk-1"],
    // Letters whose last byte looks like one.
    ["Voil\xc3\xa0", "Voil\xc3\xa0"],
    ["\xc3\xa0", "\xc3\xa0"],
    ["\xc5\x85", "\xc5\x85"],
    ["\xe2\x80\xa0", "\xe2\x80\xa0"],
  ])("%j is %j", (value, expected) => expect(header("x-api-key", value)).toBe(expected));

  it("that is sent several times is one if all are the same, and ambiguous otherwise", () => {
    expect(header("x-api-key", "k", "k", " k\t")).toBe("k");
    expect(header("x-api-key", "junk", "k")).toBe(AMBIGUOUS);
    expect(header("x-api-key", "k", "")).toBe(AMBIGUOUS);
    expect(header("x-api-key", "", "k", "")).toBe(AMBIGUOUS);
    expect(header("X-API-Key", "k", "k", "l", "k")).toBe(AMBIGUOUS);
  });

  it("is the last one where filters add theirs to what a client sent", () => {
    const last = (...lines: string[]): string =>
      latin1(request.header("x-mse-consumer", lines.map(bytes), true));
    expect(last("me", "invented", " ann ")).toBe("ann");
    expect(last("invented", "")).toBe("");
    expect(last()).toBe(ABSENT);
  });
});
