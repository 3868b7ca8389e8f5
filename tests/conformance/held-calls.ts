// Calls whose tokens are reserved, so that their bodies are held: configurations, bodies, and what becomes of them.
import { expect } from "vitest";
import { PER_KEY, ROOT } from "../support/filter.ts";
import type { Stream } from "../support/host-calls/stream.ts";
import type { StrictHost } from "../support/strict-host.ts";

/** What callbacks return that hold headers, or a body. */
export const STOP_HEADERS = 1;
export const BUFFER = 1;
export const WATERMARK = 2;

/** 100 tokens a minute for each key, with a reservation. */
export const reserving = (reservation: object, more: object = {}): object => ({
  ...PER_KEY,
  reservation,
  ...more,
});

export const prompt = (more: object = {}): string =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content: "Say hello to the world." }], ...more });

/** Posts a body in one piece; the headers are held. */
export function post(
  host: StrictHost,
  body: string,
  { id = 2, headers = {}, path = "/v1/chat/completions" } = {},
): Stream {
  const stream = host.request(id, ROOT, { "x-api-key": "alice", ":path": path, ...headers }, false);
  expect(stream.action).toBe(STOP_HEADERS);
  expect(host.requestBody(id, body, true)).toBe(BUFFER);
  return stream;
}

/** What the upstream has been sent of a stream's body. */
export const sentTo = (host: StrictHost, id = 2): string =>
  Buffer.from(host.streams.get(id)!.toServer).toString("utf8");
