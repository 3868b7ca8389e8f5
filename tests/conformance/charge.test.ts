// Contract: what a response has consumed is added to the counters of its request, once, when it has ended, wherever
// its bytes were cut. Specified in the fields of OpenAI's usage object and the WHATWG event stream format.
import { describe, expect, it } from "vitest";
import {
  array,
  chargeOf,
  counter,
  LEFT_MS,
  made,
  MADE_BEFORE,
  MODULES,
  PER_KEY,
  ROOT,
  start,
  TOO_LATE,
  usageBody,
} from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

const KEY = "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice";
const JSON_TYPE = { "content-type": "application/json" };
const SSE_TYPE = { "content-type": "text/event-stream; charset=utf-8" };

function admit(host: StrictHost, id: number): void {
  host.request(id, ROOT, { "x-api-key": "alice" });
  host.reply(ROOT, counter(0));
}

/** What the filter charged since the last call: keys, tokens and windows of each command. */
function charged(host: StrictHost): unknown[][] {
  return host.pending.splice(0).map((command) => {
    const { keys, tokens, windows } = chargeOf(command);
    return [...keys, tokens, ...windows];
  });
}

/** A whole admitted request that consumes 7 tokens, up to its charge. */
function finish(host: StrictHost, id: number, apiKey = "alice"): void {
  host.request(id, ROOT, { "x-api-key": apiKey });
  host.reply(ROOT, counter(0), host.pending.at(-1));
  host.responseHeaders(id, JSON_TYPE);
  host.responseBody(id, usageBody(3, 4), true);
  host.end(id);
}

const metric = (host: StrictHost, name: string): bigint =>
  host.metrics.get(`ai_token_ratelimit.${name}`) ?? 0n;

const event = (data: unknown): string =>
  `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const STREAM =
  event({ choices: [{ delta: { content: 'Hé "usage"' } }], usage: null }) +
  event({ choices: [{ delta: {}, finish_reason: "stop" }], usage: null }) +
  event({ choices: [], usage: { prompt_tokens: 13, completion_tokens: 33, total_tokens: 46 } }) +
  event("[DONE]");

describe.each(MODULES)("%s", (_name, file) => {
  it("charges input and output of a JSON body, however it is cut", async () => {
    const host = await start(file, PER_KEY);
    const body = Buffer.from(usageBody(13, 33));
    for (let cut = 0; cut <= body.length; ++cut) {
      const id = 10 + cut;
      admit(host, id);
      host.responseHeaders(id, JSON_TYPE);
      host.responseBody(id, body.subarray(0, cut));
      host.responseBody(id, body.subarray(cut), true);
      expect(charged(host)).toEqual([[KEY, 46, 60]]);
      host.end(id);
    }
  });

  it("charges an event stream, however it is cut", async () => {
    const host = await start(file, PER_KEY);
    const body = Buffer.from(STREAM);
    for (let cut = 0; cut <= body.length; ++cut) {
      const id = 10 + cut;
      admit(host, id);
      host.responseHeaders(id, SSE_TYPE);
      host.responseBody(id, body.subarray(0, cut));
      host.responseBody(id, body.subarray(cut));
      host.responseBody(id, "", true);
      expect(charged(host)).toEqual([[KEY, 46, 60]]);
      host.end(id);
    }
  });

  it("understands the names of the Responses API", async () => {
    const host = await start(file, PER_KEY);
    admit(host, 2);
    host.responseHeaders(2, SSE_TYPE);
    const usage = { input_tokens: 20, output_tokens: 30, total_tokens: 50 };
    host.responseBody(
      2,
      `event: response.completed\n${event({ type: "response.completed", response: { usage } })}`,
      true,
    );
    expect(charged(host)).toEqual([[KEY, 50, 60]]);
  });

  it("charges nothing, and sends nothing to Redis, when no tokens were reported", async () => {
    const host = await start(file, PER_KEY);
    for (const [index, body] of ["", "{}", '{"usage":null}', '{"error":{"message":"bad"}}'].entries()) {
      admit(host, 2 + index);
      host.responseHeaders(2 + index, JSON_TYPE);
      host.responseBody(2 + index, body, true);
      host.end(2 + index);
    }
    admit(host, 20);
    host.responseHeaders(20, { ":status": "204" }, true);
    host.end(20);
    expect(charged(host)).toEqual([]);
  });

  it("charges once, at the last chunk, the trailers or the end of the stream, whichever is first", async () => {
    const host = await start(file, PER_KEY);
    const endings: ((id: number) => void)[] = [
      (id) => void host.responseBody(id, "", true),
      (id) => void host.responseTrailers(id),
      () => undefined,
    ];
    for (const [index, ending] of endings.entries()) {
      const id = 2 + index;
      admit(host, id);
      host.responseHeaders(id, JSON_TYPE);
      host.responseBody(id, usageBody(3, 4));
      expect(charged(host)).toEqual([]);
      ending(id);
      host.end(id);
      expect(charged(host)).toEqual([[KEY, 7, 60]]);
    }
  });

  it("counts what was charged", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2);
    host.reply(ROOT, made(7));
    expect(metric(host, "charged_tokens")).toBe(7n);
    expect(metric(host, "lost_tokens")).toBe(0n);
    host.pass(ROOT, 500);
    expect(host.tickPeriod).toBe(0);
  });

  it("counts a charge as lost if the counter refuses it, and does not repeat it", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2);
    host.reply(ROOT, made(new Error("WRONGTYPE Operation against a key")));
    expect(metric(host, "lost_tokens")).toBe(7n);
    host.pass(ROOT, 60_000);
    expect(host.pending).toEqual([]);
  });

  it("repeats a charge whose reply was lost, with the same marker, until it is answered", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2);
    const first = chargeOf(host.pending[0]!);
    expect(first.marker).toMatch(/^higress-token-ratelimit:charge:\{[@A-Oa-o`]{4}\}:[\w-]{22}$/);
    host.reply(ROOT, null);
    expect(metric(host, "lost_tokens")).toBe(0n);
    for (const delay of [1000, 2000, 4000]) {
      host.pass(ROOT, delay - 500);
      expect(host.pending).toEqual([]);
      host.pass(ROOT, 500);
      expect(host.pending.map(chargeOf)).toEqual([first]);
      host.reply(ROOT, null);
    }
    host.pass(ROOT, 8000);
    host.reply(ROOT, MADE_BEFORE); // It had been charged by one of the earlier attempts.
    expect(metric(host, "charged_tokens")).toBe(7n);
    expect(metric(host, "lost_tokens")).toBe(0n);
    // The next tick tells what is left of metrics; then there is none.
    host.pass(ROOT, 500);
    expect(host.tickPeriod).toBe(0);
  });

  it("gives up after two minutes without a reply, and counts the tokens as lost once", async () => {
    const host = await start(file, PER_KEY);
    const begun = host.now;
    finish(host, 2);
    const sent: number[] = [];
    for (let i = 0; i < 20 && metric(host, "lost_tokens") === 0n; ++i) {
      sent.push(host.now - begun);
      host.reply(ROOT, null);
      while (host.tickPeriod > 0 && host.pending.length === 0) host.pass(ROOT, 500);
    }
    expect(sent).toEqual([0, 1, 3, 7, 15, 31, 47, 63, 79, 95, 111].map((seconds) => seconds * 1000));
    expect(metric(host, "lost_tokens")).toBe(7n);
    expect(host.tickPeriod).toBe(0);
  });

  it("gives each charge its own marker", async () => {
    const host = await start(file, PER_KEY);
    for (let id = 2; id < 50; ++id) finish(host, id);
    const markers = host.pending.map((command) => chargeOf(command).marker);
    expect(new Set(markers).size).toBe(markers.length);
  });

  it("repeats the charge for a value with a brace, which has a marker like any other", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2, "a}b");
    const first = chargeOf(host.pending[0]!);
    host.reply(ROOT, null);
    host.pass(ROOT, 1000);
    expect(host.pending.map(chargeOf)).toEqual([first]);
    host.reply(ROOT, MADE_BEFORE);
    expect(metric(host, "charged_tokens")).toBe(7n);
  });

  it("does not repeat a caller's values in the name of a marker", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2, "x".repeat(4000));
    expect(chargeOf(host.pending[0]!).marker).toHaveLength(60);
  });

  it("gives Redis a deadline for each charge, the same at each attempt", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2);
    const { deadline } = chargeOf(host.pending[0]!);
    expect(deadline).toBe(host.now + LEFT_MS);
    host.reply(ROOT, null);
    host.pass(ROOT, 1000);
    expect(chargeOf(host.pending[0]!).deadline).toBe(deadline);
  });

  it("repeats a charge under another name if Redis refuses it as too late although it was never made", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2);
    const first = chargeOf(host.pending[0]!);
    // The clock of Redis is far ahead, which nobody could know.
    host.reply(ROOT, TOO_LATE);
    const second = chargeOf(host.pending[0]!);
    expect(second.marker).not.toBe(first.marker);
    expect(second.deadline).toBeGreaterThan(first.deadline + 80_000_000);
    host.reply(ROOT, array(second.deadline - 9_000_000, 7));
    expect(metric(host, "charged_tokens")).toBe(7n);
    // Now it is known.
    finish(host, 3);
    expect(chargeOf(host.pending[0]!).deadline).toBe(9_000_000 + LEFT_MS);
  });

  it("counts a charge as lost if Redis refuses it as too late and it may have been made before", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2);
    host.reply(ROOT, null);
    host.pass(ROOT, 1000);
    host.reply(ROOT, TOO_LATE);
    expect(metric(host, "lost_tokens")).toBe(7n);
    expect(host.pending).toEqual([]);
    expect(host.tickPeriod).toBe(0);
  });

  it("gives up when Redis refuses every deadline", async () => {
    const host = await start(file, PER_KEY);
    finish(host, 2);
    for (let tries = 0; host.pending.length > 0 && tries < 10; ++tries) host.reply(ROOT, TOO_LATE);
    expect(host.pending).toEqual([]);
    expect(metric(host, "lost_tokens")).toBe(7n);
  });

  it("keeps a configuration that is removed until all its calls are charged, or given up", async () => {
    const host = await start(file, PER_KEY);
    host.done(ROOT);
    expect(host.ending.size).toBe(0); // Nothing waited.

    for (const answers of [[made(7)], [null, null, made(7)], Array.from({ length: 7 }, () => null)]) {
      expect(host.configure(ROOT, PER_KEY)).toBe(true);
      finish(host, 2);
      host.done(ROOT);
      for (const answer of answers) {
        expect(host.ending).toContain(ROOT);
        host.reply(ROOT, answer);
        host.pass(ROOT, 20_000);
      }
      expect(host.ending.size).toBe(0);
      expect(host.deletedRoots.splice(0)).toEqual([ROOT]);
    }
    expect(metric(host, "charged_tokens")).toBe(14n);
    expect(metric(host, "lost_tokens")).toBe(7n);
  });

  it("charges even if the script was lost and the stream is gone", async () => {
    const host = await start(file, PER_KEY);
    admit(host, 2);
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, usageBody(3, 4), true);
    host.end(2);
    host.reply(ROOT, "-NOSCRIPT No matching script.\r\n");
    expect(String(host.pending[0]!.args[0])).toBe("EVAL");
    host.reply(ROOT, made(7));
    expect(host.metrics.get("ai_token_ratelimit.charged_tokens")).toBe(7n);
  });

  it("charges every counter of the request", async () => {
    const host = await start(file, {
      ...PER_KEY,
      rule_mode: "all_match",
      global_threshold: { token_per_hour: 1000 },
    });
    host.request(2, ROOT, { "x-api-key": "alice" });
    host.reply(ROOT, array("1", 1, "2", 2));
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, usageBody(3, 4), true);
    expect(charged(host)).toEqual([
      [
        "higress-token-ratelimit:{r}:global_threshold:3600",
        "higress-token-ratelimit:{r}:limit_by_per_header:60:x-api-key:alice",
        7,
        3600,
        60,
      ],
    ]);
  });
});
