// Contract: what a response has consumed is added to the counters of its request, once, when it has ended, wherever
// its bytes were cut. Specified in the fields of OpenAI's usage object and the WHATWG event stream format.
import { describe, expect, it } from "vitest";
import { array, counter, PER_KEY, ROOT, start, usageBody, MODULES } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

const KEY = "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice";
const JSON_TYPE = { "content-type": "application/json" };
const SSE_TYPE = { "content-type": "text/event-stream; charset=utf-8" };

function admit(host: StrictHost, id: number): void {
  host.request(id, ROOT, { "x-api-key": "alice" });
  host.reply(ROOT, counter(0));
}

/** What the filter charged since the last call: the tokens and keys of each command. */
function charged(host: StrictHost): string[][] {
  return host.pending.splice(0).map((command) => command.args.slice(3).map(String));
}

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
      expect(charged(host)).toEqual([[KEY, "46", "60"]]);
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
      expect(charged(host)).toEqual([[KEY, "46", "60"]]);
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
    expect(charged(host)).toEqual([[KEY, "50", "60"]]);
  });

  it("charges nothing, and calls nobody, when no tokens were reported", async () => {
    const host = await start(file, PER_KEY);
    for (const [index, body] of [
      "",
      "{}",
      '{"usage":null}',
      '{"error":{"message":"bad"}}',
      "<html>",
    ].entries()) {
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

  it("charges once, at the first of: the last chunk, the trailers, the end of the stream", async () => {
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
      expect(charged(host)).toEqual([[KEY, "7", "60"]]);
    }
  });

  it("counts what was charged, and what could not be", async () => {
    const host = await start(file, PER_KEY);
    const finish = (id: number): void => {
      admit(host, id);
      host.responseHeaders(id, JSON_TYPE);
      host.responseBody(id, usageBody(3, 4), true);
      host.end(id);
    };
    finish(2);
    host.reply(ROOT, array(7));
    expect(host.metrics.get("ai_token_ratelimit.charged_tokens")).toBe(7n);
    finish(3);
    host.reply(ROOT, null);
    expect(host.metrics.get("ai_token_ratelimit.lost_tokens")).toBe(7n);
    finish(4);
    host.reply(ROOT, array(new Error("WRONGTYPE Operation against a key")));
    expect(host.metrics.get("ai_token_ratelimit.lost_tokens")).toBe(14n);
    expect(host.metrics.get("ai_token_ratelimit.charged_tokens")).toBe(7n);
  });

  it("charges although the script was lost, and the stream is gone", async () => {
    const host = await start(file, PER_KEY);
    admit(host, 2);
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, usageBody(3, 4), true);
    host.end(2);
    host.reply(ROOT, "-NOSCRIPT No matching script.\r\n");
    expect(String(host.pending[0]!.args[0])).toBe("EVAL");
    host.reply(ROOT, array(7));
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
        "7",
        "3600",
        "60",
      ],
    ]);
  });
});
