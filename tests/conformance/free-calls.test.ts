// Contract: what consumes nothing is neither checked nor charged, and what only looks like it is.
// Specified in README.md, "What is counted".
import { describe, expect, it } from "vitest";
import { MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";
import { JSON_TYPE, question } from "./calls.ts";

describe.each(MODULES)("%s", (_name, file) => {
  it.each([
    ["OPTIONS", "/v1/chat/completions"],
    ["HEAD", "/v1/models"],
    ["GET", "/v1/models"],
    ["POST", "/v1/messages/count_tokens"],
    ["POST", "/v1/files"],
  ])("neither checks nor charges calls that consume nothing: %s %s", async (method, path) => {
    const host = await start(file, PER_KEY);
    const request = { ":method": method, ":path": path, "x-api-key": "alice" };
    const hasBody = method === "POST";
    expect(host.request(2, ROOT, request, !hasBody).action).toBe(0);
    if (hasBody) host.requestBody(2, question("lorem ".repeat(100)), true);
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, '{"input_tokens":100,"content":[{"text":"lorem ipsum"}]}', true);
    host.end(2);
    // Who leaves early has not consumed anything either.
    host.request(3, ROOT, request, !hasBody);
    host.end(3);
    expect(host.pending).toEqual([]);
  });

  it("checks calls that look free but may consume tokens", async () => {
    const host = await start(file, PER_KEY);
    const disguised: Record<string, string>[] = [
      { ":method": "GET", ":path": "/v1/models", "x-http-method-override": "POST" },
      { ":method": "GET", ":path": "/v1/realtime", upgrade: "websocket" },
      { ":method": "POST", ":path": "/v1/files/../chat/completions" },
      { ":method": "POST", ":path": "/v1/messages?x=/count_tokens" },
    ];
    for (const [index, request] of disguised.entries()) {
      host.request(2 + index, ROOT, { "x-api-key": "alice", ...request });
      expect(host.pending.splice(0)).toHaveLength(1);
    }
  });
});
