// Contract: no spelling of a path, and no other API, makes a call free of quota.
import fc from "fast-check";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { CONTINUE, PAUSE, ROOT, start } from "../support/filter.ts";
import { fuzz, RUNS } from "../support/fuzz.ts";
import { QUOTA, QUOTA_MODULES } from "../support/quota.ts";

const ANN = { "x-mse-consumer": "ann" };

const withoutQuery = (path: string): string => path.replace(/\?.*/s, "");
const decoded = (path: string): string =>
  path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
const escaped = (path: string): string => path.replace(/[\0-\x20%?#]/g, encodeURIComponent);
const slashes = (path: string): string => path.replaceAll("\\", "/");
const withoutParameters = (path: string): string => path.replace(/;[^/]*/g, "");
const open = (path: string): string => path.replace(/(?<=.)\/+$/, "");
const whatwg = (path: string): string => new URL(`http://h${path}`).pathname;

/** How servers read a path, some behind a proxy that has read it before. */
const SERVERS: ((path: string) => string)[] = [
  withoutQuery,
  whatwg,
  // Node.js, Envoy with normalize_path, and what is behind it.
  (path) => open(decoded(whatwg(path))),
  (path) => open(posix.normalize(decoded(whatwg(path)))),
  // Go, and nginx.
  (path) => open(posix.normalize(decoded(withoutQuery(path)))),
  (path) => open(posix.normalize(decoded(withoutQuery(decoded(withoutQuery(path)))))),
  // nginx, which escapes again, then Node.js.
  (path) => open(whatwg(escaped(posix.normalize(decoded(withoutQuery(path)))))),
  // Python: a pattern that ends with `$`.
  (path) => decoded(withoutQuery(path)).replace(/\n$/, ""),
  (path) => decoded(whatwg(path)).replace(/\n$/, ""),
  // Java: parameters go first.
  (path) => open(posix.normalize(slashes(decoded(withoutParameters(withoutQuery(path)))))),
  (path) => open(posix.normalize(slashes(withoutParameters(decoded(withoutQuery(path)))))),
  // C.
  (path) => open(decoded(withoutQuery(path)).replace(/\0.*/s, "")),
];

describe.each(QUOTA_MODULES)("%s", (_name, file) => {
  it.each([
    "/v1/chat/completions",
    "/v1/chat/completions/",
    "/v1//chat/completions",
    "/v1/chat/./completions",
    "/v1/chat/x/../completions",
    "/v1/chat%2Fcompletions",
    "/v1/chat/completions%2f",
    "/v1/chat/completion%73",
    "/v1/responses",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1beta/models/gemini-2.5-flash:generateContent",
    "/anything",
    "/",
    "*",
  ])("checks a call to %s, whichever paths are listed", async (path) => {
    const host = await start(file, QUOTA);
    expect(host.request(2, ROOT, { ...ANN, ":path": path }).action).toBe(PAUSE);
    expect(host.pending).toHaveLength(1);
  });

  const LISTED = { ...QUOTA, enable_path_suffixes: ["/v1/chat/completions", "/v1/messages"] };

  it.each([
    "/v1/chat/completions",
    "/v1/chat/completions?x=1",
    "/v1/chat/completions/",
    "/v1/chat/completions//",
    "/v1//chat/completions",
    "//v1/chat/completions",
    "/v1/chat/./completions",
    "/v1/chat/completions/.",
    "/v1/chat/completions/x/..",
    "/v1/chat/x/../completions",
    "/v1/chat/x/%2e%2E/completions",
    "/v1/chat%2Fcompletions",
    "/v1/chat%252Fcompletions",
    "/v1/chat%25252fcompletions",
    "/v1/chat/completions%2f",
    "/v1/chat/completion%73",
    "/v1/chat/completions;a=b",
    "/v1/chat;a/completions;b",
    "/v1/chat/completions%3Fx=1",
    "/v1/chat/completions#x",
    "/x%3F/v1/chat/completions",
    String.raw`/v1\chat\completions`,
    "/v1/chat%5Ccompletions",
    "/V1/Chat/COMPLETIONS",
    "http://example.com/v1/chat/completions",
    "/prefix/v1/messages",
    // Starlette's patterns (vLLM, SGLang, LiteLLM) end with `$`, which also matches before a line end.
    "/v1/chat/completions%0A",
    "/v1/chat/completions%20",
    "/v1/chat/completions%00",
    "/v1/chat/completions%00.png",
    "/v1/messages%250a%3Fx",
    // Servers disagree on what `..` removes: an empty segment, one with an encoded slash, an encoded `..`.
    "/v1/messages//..",
    "/v1/messages/x%2Fy/..",
    "/v1/messages/%252e%252e/..",
    "/x%3F/../v1/messages;a",
    "/x/..;a/v1/messages",
    String.raw`/x\..\v1\messages`,
    "/..",
    // A query that is none, and parameters.
    "/x%3F;/v1/messages;y",
    "/x%23;/v1/messages;y",
  ])("checks a call to %s when endings are listed", async (path) => {
    const host = await start(file, LISTED);
    expect(host.request(2, ROOT, { ...ANN, ":path": path }).action).toBe(PAUSE);
    expect(host.pending).toHaveLength(1);
  });

  it("leaves what ends otherwise alone when endings are listed", async () => {
    const host = await start(file, LISTED);
    const others = [
      "/v1/embeddings",
      "/v1/chat/completions/x",
      "/?/v1/messages",
      "/v1/..x/y..",
      "/v1/messages%0Ax",
      "/health",
    ];
    for (const [index, path] of others.entries()) {
      expect(host.request(2 + index, ROOT, { ...ANN, ":path": path }).action).toBe(CONTINUE);
    }
    expect(host.pending).toHaveLength(0);
  });

  it.each(["x-original-url", "x-rewrite-url", "x-http-method-override"])(
    "checks a call that %s may turn into another one, although its path is not listed",
    async (header) => {
      const host = await start(file, LISTED);
      host.request(2, ROOT, { ...ANN, ":path": "/health", [header]: "/v1/messages" });
      expect(host.pending).toHaveLength(1);
    },
  );

  it("checks each call that one of many servers takes for a listed path", async () => {
    const host = await start(file, { ...QUOTA, enable_path_suffixes: ["/v1/messages"] });
    const part = fc.constantFrom(
      ..."/v1/messages|/v1|/messages|/|/.|/..|%2f|%2e|%252e|%255c|x|;a|;|..;|%3b|#|%23|%3f|%253F|%0a|%20|%00|%5c|.|?y".split(
        "|",
      ),
      "\\",
    );
    let id = 2;
    let taken = 0;
    const property = fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
      const path = `/${parts.join("")}`;
      const isCall = SERVERS.some((server) => /\/v1\/messages$/i.test(server(path)));
      const stream = host.request((id += 2), ROOT, { ...ANN, ":path": path });
      host.end(id);
      for (const command of host.pending.splice(0)) host.deliver(ROOT, command.token, 1, null);
      if (isCall) {
        taken++;
        expect(stream.action).toBe(PAUSE);
      }
    });
    fc.assert(property, fuzz(10 * RUNS));
    expect(taken).toBeGreaterThan(RUNS / 10);
  });

  it("reads a long path once, however many endings are listed", async () => {
    const endings = Array.from({ length: 2_000 }, (_, i) => `/v1/ending-${i}`);
    const host = await start(file, { ...QUOTA, enable_path_suffixes: endings });
    const path = "/%2561;".repeat(8_000);
    const before = performance.now();
    for (let id = 2; id < 12; ++id)
      expect(host.request(id, ROOT, { ...ANN, ":path": path }).action).toBe(CONTINUE);
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it("takes * for every path", async () => {
    const host = await start(file, { ...QUOTA, enable_path_suffixes: ["/v1/messages", "*"] });
    host.request(2, ROOT, { ...ANN, ":path": "/v1/embeddings" });
    expect(host.pending).toHaveLength(1);
  });

  it.each([
    "/v1/chat/completions/quota/",
    "/v1/chat/completions//quota",
    "/v1/chat/completions/%71uota",
    "/v1/chat/completions/quota/refresh;x",
    "/V1/chat/completions/quota/Delta",
    "/v1/chat/completions/quota%2Fdelta",
  ])("answers %s itself, so that nobody reaches a model by it", async (path) => {
    const host = await start(file, QUOTA);
    expect(host.request(2, ROOT, { ...ANN, ":path": path }).localResponse).toMatchObject({ code: 403 });
  });
});
