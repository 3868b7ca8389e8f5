// Contract of assembly/request/credentials: one credential is one value, however its scheme, its blanks and its Base64 are
// spelt. Specified in the docstrings there.
import { describe, expect, it } from "vitest";
import { AMBIGUOUS, header } from "./support.ts";

describe("credentials", () => {
  it.each([
    ["Bearer k", "Bearer k"],
    ["bearer k", "Bearer k"],
    ["BEARER k", "Bearer k"],
    ["Bearer   k", "Bearer k"],
    ["Bearer\tk", "Bearer k"],
    [" bEARER \t k  ", "Bearer k"],
    ["Bearer \xa0k", "Bearer k"],
    ["Bearer K", "Bearer K"],
    ["Bearer a  b", AMBIGUOUS],
    ["Bearer k, Bearer l", AMBIGUOUS],
    ["Bearer k;x=1", AMBIGUOUS],
    ["Bearer k,Bearer k", "Bearer k"],
    ["Bearer bearer k", "Bearer k"],
    ["Bearer Bearer\tBEARER k", "Bearer k"],
    ['Bearer "k"', "Bearer k"],
    ["Bearer 'k'", "Bearer k"],
    ["Bearer k,", "Bearer k"],
    ["Bearer ,k", "Bearer k"],
    ["Bearer k k", "Bearer k"],
    ["Bearer a=:~b", "Bearer a=:~b"],
    ["Bearer k;", "Bearer k"],
    ["Bearer bearer", "Bearer bearer"],
    ["Bearer ,", "Bearer ,"],
    ["Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"],
    ["basic  dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"],
    ["Basic QQ==", "Basic QQ=="],
    ["Basic QQ", "Basic QQ=="],
    ["Basic QR==", "Basic QQ=="],
    ["Basic QUI=", "Basic QUI="],
    ["Basic QUJ", "Basic QUI="],
    ["Basic Q U\tI=junk", "Basic QUI="],
    ["Basic --__", "Basic ++//"],
    ["Basic !", "Basic !"],
    ["dpop x", "DPoP x"],
    ["token t", "Token t"],
    ["Custom k", "custom k"],
    // No scheme: nothing of this is case-insensitive.
    ["sk-KEY", "sk-KEY"],
    ["Bearer", "Bearer"],
    ["Bearer:  k", "Bearer:  k"],
    ["a".repeat(33) + " k", "a".repeat(33) + " k"],
    ["", ""],
  ])("%j are %j", (value, expected) => {
    expect(header("authorization", value)).toBe(expected);
    expect(header("Proxy-Authorization", value)).toBe(expected);
  });

  it("in two spellings are the same", () => {
    expect(header("authorization", "Bearer k", "bearer \tk")).toBe("Bearer k");
    expect(header("authorization", "Bearer k", "Bearer l")).toBe(AMBIGUOUS);
  });

  it("are not what other headers have", () => expect(header("x-api-key", "bearer  k")).toBe("bearer  k"));
});
