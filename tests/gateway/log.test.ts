// Contract of gateway/src/log.ts and http/access-log.ts: one line per entry, for people and for programs.
import { PassThrough } from "node:stream";
import pino from "pino";
import { expect, it } from "vitest";
import { accessLogFields } from "../../gateway/src/http/access-log.ts";
import { readable } from "../../gateway/src/log.ts";

it("shows a request to people in one line, with all its fields", () => {
  const lines = new PassThrough({ encoding: "utf8" });
  const summary = {
    method: "POST",
    path: "/v1/chat/completions?key=secret",
    status: 429,
    durationMs: 1.26,
    details: "ai-token-ratelimit.rejected",
    upstreamError: "refused: nothing listens at its address",
    aiLog: '{"token_ratelimit_status":"limited"}',
    stream: null,
  };
  pino(readable(lines)).info(accessLogFields(summary), "request");
  const text = String(lines.read());
  expect(text.trimEnd().split("\n")).toHaveLength(1);
  for (const part of [
    "POST",
    "/v1/chat/completions?key=***",
    "429",
    "1.3",
    "rejected",
    "refused",
    "limited",
  ]) {
    expect(text).toContain(part);
  }
});
