// Contract of gateway/src/http/target.ts: no spelling of a request's target leads out of the upstream's base path.
// RFC 3986 section 5.2.4, RFC 9112 section 3.2, Envoy's normalize_path; for what other servers decode: CWE-22 and its
// children, OWASP "Path Traversal".
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizePath } from "../../gateway/src/http/target.ts";
import { raw, startTestGateway, startUpstream } from "./support.ts";

describe("a path", () => {
  it.each([
    ["/v1/chat/completions", "/v1/chat/completions"],
    ["/", "/"],
    ["/a/../b", "/b"],
    ["/a/./b/.", "/a/b/"],
    ["/a/b/..", "/a/"],
    ["/../../admin", "/admin"],
    ["/..", "/"],
    ["/v1/%2e%2e/%2E/admin", "/admin"],
    ["/v1/.%2e/admin", "/admin"],
    ["/v1\\..\\admin", "/admin"],
    ["\\\\evil.com\\x", "/evil.com/x"],
    ["//evil.com/x", "/evil.com/x"],
    ["/a/..//evil.com", "/evil.com"],
    ["/a//b", "/a//b"],
    ["/a?x=/../..", "/a?x=/../.."],
    ["/a?u=%2e%2e%2f", "/a?u=%2e%2e%2f"],
    [
      "/model/arn%3Aaws%3Abedrock%2Fus.anthropic.claude/invoke",
      "/model/arn%3Aaws%3Abedrock%2Fus.anthropic.claude/invoke",
    ],
    ["/v1beta/models/a..b:stream", "/v1beta/models/a..b:stream"],
    ["/v1/.well-known/..hidden/...", "/v1/.well-known/..hidden/..."],
    ["/%E4%BD%A0%25", "/%E4%BD%A0%25"],
  ])("%j is %j", (path, normalized) => expect(normalizePath(path)).toBe(normalized));

  it.each([
    "/v1/..%2f..%2fadmin",
    "/v1/%2e%2e%2fadmin",
    "/v1/..%5cadmin",
    "/v1/%252e%252e/admin",
    "/v1/%25252e./admin",
    "/v1/..%252fadmin",
    "/v1/..;/admin",
    "/v1/..;x=1/admin",
    "/v1/..%3b/admin",
    "/v1/..%20/admin",
    "/v1/%20../admin",
    "/v1/..%0d/admin",
    "/v1/..%00/admin",
    "/v1/a%00b",
    "/v1/%c0%ae%c0%ae/admin",
    "/v1/\xc0\xae\xc0\xae/admin",
    "/v1/..%c0%afadmin",
    "/v1/%e0%80%ae%2e/admin",
    "/v1/%u002e%u002e/admin",
    "/v1/..%u002f../x",
    "/v1/%ef%bc%8e%ef%bc%8e/admin",
    "/a/../..%2fadmin",
    "*",
    "",
    "v1/chat",
    "/v1/chat#fragment",
    "/v1/chat?a#fragment",
  ])("%j is refused", (path) => expect(normalizePath(path)).toBeNull());

  it("stays below the base, whichever server decodes it", () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "/",
      "\\",
      "%2e",
      "%2E",
      "%2f",
      "%5C",
      "%25",
      "25",
      "2e",
      ";",
      "%3b",
      "%20",
      "a",
      "?",
      "%c0%ae",
      "%00",
    );
    const decode = (text: string): string =>
      text
        .replace(/%c0%ae/gi, ".")
        .replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(String(hex), 16)));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const normalized = normalizePath(`/${pieces.join("")}`);
        if (normalized === null) return;
        let seen = normalized.split("?")[0] ?? "";
        for (let times = 0; times < 5; ++times) {
          const segments = seen.split(/[/\\]/).map((segment) => segment.split(";")[0]?.trim());
          expect(segments, normalized).not.toContain("..");
          seen = decode(seen);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("of 60 KB takes no time", () => {
    const began = performance.now();
    for (const piece of ["/..", "%25", "%2e/", "..%2f", ";.", "/"]) normalizePath(`/${piece.repeat(20_000)}`);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

describe("the gateway", () => {
  const through = async (lines: string[]): Promise<{ reply: string; seen: string[] }> => {
    const seen: string[] = [];
    const upstream = await startUpstream((request, response) => {
      seen.push(`${request.headers.host === undefined ? "" : "Host "}${request.url}`);
      response.end();
    });
    const gateway = await startTestGateway({ upstream: `${upstream}/base/` });
    const reply = await raw(gateway.url, [...lines, "Connection: close", "", ""].join("\r\n"));
    return { reply, seen };
  };

  it.each([
    ["GET /../admin HTTP/1.1", "/base/admin"],
    ["GET /a/%2e%2E/../admin?x=.. HTTP/1.1", "/base/admin?x=.."],
    ["GET \\..\\admin HTTP/1.1", null],
    ["GET http://evil.example/../admin HTTP/1.1", "/base/admin"],
    ["GET http://evil.example HTTP/1.1", "/base/"],
    ["GET http://evil.example?x HTTP/1.1", "/base/?x"],
    ["GET //evil.example/admin HTTP/1.1", "/base/evil.example/admin"],
    ["GET /..%2fadmin HTTP/1.1", null],
    ["GET http://user@evil.example/ HTTP/1.1", null],
    ["OPTIONS * HTTP/1.1", null],
  ])("forwards %j to %j", async (line, path) => {
    const { reply, seen } = await through([line, "Host: a"]);
    expect(seen).toEqual(path === null ? [] : [`Host ${path}`]);
    expect(reply).toMatch(path === null ? /^HTTP\/1\.1 400 / : /^HTTP\/1\.1 200 /);
  });

  it("refuses a request of two hosts", async () => {
    const { reply, seen } = await through(["GET / HTTP/1.1", "Host: a", "Host: b"]);
    expect(seen).toEqual([]);
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  });
});
