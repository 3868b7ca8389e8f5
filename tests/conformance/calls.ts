// What the tests of consumption share: calls that are played whole, and what they are charged.
import { expect } from "vitest";
import { chargeOf, counter, ROOT } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

export const JSON_TYPE = { "content-type": "application/json" };
export const SSE_TYPE = { "content-type": "text/event-stream" };
export const event = (data: unknown): string =>
  `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
/** A stream of one word per event, without usage. */
export const words = (count: number): string =>
  Array.from({ length: count }, () => event({ choices: [{ index: 0, delta: { content: " lorem" } }] })).join(
    "",
  );
export const question = (content: string): string =>
  JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content }] });

export interface Call {
  request?: Record<string, string>;
  requestBody?: string;
  response?: Record<string, string>;
  body?: string | Uint8Array;
  /** "cut": the stream ends without the end of its body. */
  ending?: "end" | "cut" | "trailers";
}

let nextId = 2;
/** The number of a stream that no call had yet. */
export const newId = (): number => nextId++;

/** Plays a call and returns what it was charged; 0 when nothing. */
export function charged(host: StrictHost, call: Call): number {
  const id = newId();
  host.request(id, ROOT, { "x-api-key": "alice", ...call.request }, call.requestBody === undefined);
  host.reply(ROOT, counter(0));
  if (call.requestBody !== undefined) {
    const half = call.requestBody.length >> 1;
    host.requestBody(id, call.requestBody.slice(0, half));
    host.requestBody(id, call.requestBody.slice(half), true);
  }
  host.responseHeaders(id, call.response ?? JSON_TYPE);
  if (call.body !== undefined) host.responseBody(id, call.body, (call.ending ?? "end") === "end");
  if (call.ending === "trailers") host.responseTrailers(id);
  host.end(id);
  const command = host.pending.pop();
  expect(host.pending).toEqual([]);
  return command === undefined ? 0 : chargeOf(command).tokens;
}
