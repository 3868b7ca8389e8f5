// Contract: what happens with every call is counted, and the host is told of it with the next tick.
import { describe, expect, it } from "vitest";
import { counter, made, metric, MODULES, PER_KEY, play, ROOT, start, usageBody } from "../support/filter.ts";
import { held } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

const JSON_TYPE = { "content-type": "application/json" };

/** All counters that are not 0, after a tick. */
function counted(host: StrictHost): Record<string, number> {
  host.pass(ROOT, 500);
  return Object.fromEntries(
    [...host.metrics]
      .filter(([name]) => name.startsWith("ai_token_ratelimit."))
      .map(([name, value]) => [name.replace("ai_token_ratelimit.", ""), Number(value)]),
  );
}

describe.each(MODULES)("%s", (_name, file) => {
  it("counts calls that pass, and what they consume", async () => {
    const host = await start(file, PER_KEY);
    play(host, 2, "ann", 7);
    play(host, 3, "bob", 9);
    expect(counted(host)).toEqual({
      allowed_requests: 2,
      charged_tokens: 16,
      input_tokens: 8,
      output_tokens: 8,
    });
  });

  it("counts each kind of token apart, whatever it weighs", async () => {
    const host = await start(file, { ...PER_KEY, token_weights: { cached_input: 0.1, reasoning: 0 } });
    host.request(2, ROOT, { "x-api-key": "ann" });
    host.reply(ROOT, counter(0));
    host.responseHeaders(2, JSON_TYPE);
    const usage = {
      prompt_tokens: 100,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens: 50,
      completion_tokens_details: { reasoning_tokens: 20 },
    };
    host.responseBody(2, JSON.stringify({ choices: [], usage }), true);
    host.reply(ROOT, made(76));
    expect(counted(host)).toMatchObject({
      charged_tokens: 76,
      input_tokens: 40,
      cached_input_tokens: 60,
      output_tokens: 30,
      reasoning_tokens: 20,
    });
  });

  it("counts calls that are denied, that consume nothing, and that are charged an estimate", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "ann" });
    host.reply(ROOT, counter(101));
    host.request(3, ROOT, { "x-api-key": "ann", ":method": "GET", ":path": "/v1/models" });
    host.request(4, ROOT, { "x-api-key": "ann" });
    host.reply(ROOT, counter(0));
    host.responseHeaders(4, JSON_TYPE);
    host.responseBody(4, JSON.stringify({ choices: [{ message: { content: "hello there" } }] }), true);
    expect(counted(host)).toMatchObject({
      allowed_requests: 1,
      denied_requests: 1,
      free_requests: 1,
      unreported_calls: 1,
    });
  });

  it("counts calls whose output was limited to what was left", async () => {
    const reservation = { mode: "clamp" };
    const host = await start(file, { ...PER_KEY, reservation });
    host.request(2, ROOT, { "x-api-key": "ann", ":path": "/v1/chat/completions" }, false);
    host.requestBody(2, JSON.stringify({ model: "m", messages: [], max_tokens: 1000 }), true);
    host.reply(ROOT, held(50));
    expect(counted(host)).toMatchObject({ allowed_requests: 1, clamped_requests: 1 });
  });

  it("tells all before the root context goes, and does not keep it for that", async () => {
    const host = await start(file, PER_KEY);
    play(host, 2, "ann");
    expect(metric(host, "allowed_requests")).toBe(0);
    host.done(ROOT);
    expect(metric(host, "allowed_requests")).toBe(1);
  });

  it("counts what a charge adds beyond a limit, and no more than the charge", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "ann" });
    host.reply(ROOT, counter(98));
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, usageBody(3, 4), true);
    host.reply(ROOT, made(105));
    expect(counted(host)).toMatchObject({ charged_tokens: 7, overshoot_tokens: 5 });
    host.request(3, ROOT, { "x-api-key": "ann" });
    host.reply(ROOT, counter(99));
    host.responseHeaders(3, JSON_TYPE);
    host.responseBody(3, usageBody(3, 4), true);
    host.reply(ROOT, made(300));
    expect(counted(host)).toMatchObject({ charged_tokens: 14, overshoot_tokens: 12 });
  });

  it("times one of sixteen commands", async () => {
    const host = await start(file, PER_KEY);
    for (let id = 2; id < 2 + 17; ++id) {
      host.request(id, ROOT, { "x-api-key": "ann" });
      host.now += id;
      host.reply(ROOT, counter(101));
      host.end(id);
    }
    expect(host.records.get("ai_token_ratelimit.redis_milliseconds")).toEqual([2, 18]);
  });

  it("warns once if no call reports its usage", async () => {
    const silent = async (reported: boolean): Promise<string[]> => {
      const host = await start(file, PER_KEY);
      if (reported) play(host, 2, "ann");
      for (let id = 10; id < 60; ++id) {
        host.request(id, ROOT, { "x-api-key": "ann" });
        host.reply(ROOT, counter(0));
        host.responseHeaders(id, JSON_TYPE);
        host.responseBody(id, JSON.stringify({ choices: [{ message: { content: "hello" } }] }), true);
        host.reply(ROOT, made(9));
        host.end(id);
      }
      return host.lines();
    };
    expect(await silent(true)).toEqual([]);
    expect(await silent(false)).toEqual([expect.stringContaining("no call has reported its usage so far")]);
  });
});
