// Calls at random, and what each is worth, told by an instance of the filter to which nothing happens.
import { chargeOf, counter, made, ROOT } from "./filter.ts";
import type { RedisCommand, StrictHost } from "./strict-host.ts";

/** Numbers from 0 to below 1. */
export type Random = () => number;

/** mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(next: Random, ...choices: T[]): T => choices[Math.floor(next() * choices.length)]!;

/** A call: its request, the chunks of its response, and after how many of them which end comes. */
export interface Call {
  headers: Record<string, string>;
  /** Null for a request without one. */
  requestBody: string | null;
  response: Record<string, string>;
  chunks: string[];
  ending: "end" | "trailers" | "abort";
}

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

/** A call, by the caller `tight`, `loose`, or one of twenty others, that is streamed or not, and ends well or is cut off. */
export function newCall(next: Random): Call {
  const words = 1 + Math.floor(next() * 40);
  const apiKey = pick(next, "tight", "loose", `key-${Math.floor(next() * 20)}`);
  const usage = { prompt_tokens: 5, completion_tokens: words, total_tokens: 5 + words };
  const stream = next() < 0.7;
  const body = stream
    ? [
        ...Array.from({ length: words }, () =>
          event({ choices: [{ delta: { content: " lorem" } }], usage: null }),
        ),
        ...(next() < 0.6 ? [event({ choices: [], usage })] : []),
        "data: [DONE]\n\n",
      ].join("")
    : JSON.stringify({ choices: [{ message: { content: "lorem ".repeat(words) } }], usage });
  const chunks: string[] = [];
  for (let at = 0; at < body.length;) {
    const size = 1 + Math.floor(next() ** 2 * 400);
    chunks.push(body.slice(at, at + size));
    at += size;
  }
  const ending = pick(next, "end", "end", "trailers", "abort", "abort");
  return {
    headers: { "x-api-key": apiKey },
    requestBody: JSON.stringify({ messages: [{ role: "user", content: "dolor ".repeat(words) }] }),
    response: {
      ":status": pick(next, "200", "200", "200", "200", "500"),
      "content-type": stream ? "text/event-stream" : "application/json",
    },
    chunks: ending === "abort" ? chunks.slice(0, Math.floor(next() * (chunks.length + 1))) : chunks,
    ending,
  };
}

/** What a call is played on: a filter, or several in a row. */
export type Way = Pick<
  StrictHost,
  "requestBody" | "responseHeaders" | "responseBody" | "responseTrailers" | "end"
>;

/** The steps of a call after its request headers; done when there are no more. */
export function* play(host: Way, id: number, call: Call): Generator<void> {
  if (call.requestBody !== null) host.requestBody(id, call.requestBody, true);
  yield;
  if (call.ending === "abort" && call.chunks.length === 0) return host.end(id);
  host.responseHeaders(id, call.response);
  yield;
  for (const [index, chunk] of call.chunks.entries()) {
    host.responseBody(id, chunk, call.ending === "end" && index === call.chunks.length - 1);
    yield;
  }
  if (call.ending === "trailers") host.responseTrailers(id);
  host.end(id);
}

/** What a call is charged, below zero for a balance, to which counters, and the marker of that. */
export type Worth = Pick<ReturnType<typeof chargeOf>, "keys" | "tokens" | "marker">;

/**
 * What a call is worth that is let through.
 * @param passing the reply to its check that lets it through
 */
export function worth(
  reference: StrictHost,
  id: number,
  call: Call,
  passing: (check: RedisCommand) => string = nothingCounted,
): Worth {
  reference.request(id, ROOT, call.headers, call.requestBody === null);
  const [check] = reference.pending;
  if (check !== undefined) reference.reply(ROOT, passing(check));
  for (const step of play(reference, id, call)) void step;
  const [command] = reference.pending;
  if (command === undefined) return { keys: [], tokens: 0, marker: "" };
  const charge = chargeOf(command);
  reference.reply(ROOT, made(...charge.keys.map(() => charge.tokens)), command);
  return charge;
}

export function nothingCounted(command: RedisCommand): string {
  const count = Number(command.args[2]);
  const one = counter(0).replace(/^\*2\r\n/, "");
  return `*${2 * count}\r\n${one.repeat(count)}`;
}
