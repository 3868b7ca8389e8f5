// Contract: what calls teach the estimates goes to Redis with the settlement of their hold. What the scripts make of it:
// tests/lua/learning.test.ts.
import { describe, expect, it } from "vitest";
import { MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import { held, holdOf, settlementOf } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

const config = (reservation: object, more: object = {}): object => ({ ...PER_KEY, reservation, ...more });
const ESTIMATE = config({ mode: "estimate", default_output_tokens: 64 });
const CLAMP = config({ mode: "clamp", default_output_tokens: 64, min_output_tokens: 8 });
const prompt = (more: object = {}): string =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content: "Say hello to the world." }], ...more });

describe.each(MODULES)("%s learns", (_name, file) => {
  /** Posts a body in one piece; the headers are held. */
  function post(host: StrictHost, body: string): void {
    host.request(2, ROOT, { "x-api-key": "alice", ":path": "/v1/chat/completions" }, false);
    host.requestBody(2, body, true);
  }
  const answered = (host: StrictHost, answer: (id: number) => void) => {
    host.reply(ROOT, held(64));
    host.responseHeaders(2, { "content-type": "application/json" });
    answer(2);
    host.end(2);
    return settlementOf(host.pending[0]!);
  };

  it("for each model: the same number each time, and none from a body that is not JSON", async () => {
    const models = new Map<string, number>();
    for (const model of ["a", "b", "c", "d", "a"]) {
      const host = await start(file, ESTIMATE);
      post(host, prompt({ model }));
      const hold = holdOf(host.pending[0]!);
      expect(hold.model).toBeGreaterThanOrEqual(0);
      expect(hold.model).toBeLessThan(8);
      expect(models.get(model) ?? hold.model).toBe(hold.model);
      models.set(model, hold.model);
    }
    expect(new Set(models.values()).size).toBeGreaterThan(1);
    const host = await start(file, ESTIMATE);
    post(host, "model=a&content=hello");
    expect(holdOf(host.pending[0]!).model).toBe(-1);
  });

  it("what may lower a reservation, unless that is the ceiling", async () => {
    const weak = await start(file, ESTIMATE);
    post(weak, prompt());
    expect(holdOf(weak.pending[0]!).mayShrink).toBe(true);
    const hard = await start(file, CLAMP);
    post(hard, prompt());
    expect(holdOf(hard.pending[0]!).mayShrink).toBe(false);
  });

  it("what the input has cost, weighted, from a complete report", async () => {
    const weights = { token_weights: { input: 3, cached_input: 0.5, output: 2 } };
    const host = await start(file, config({ mode: "estimate" }, weights));
    post(host, prompt());
    const usage = { prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 6 } };
    const settlement = answered(host, (id) => host.responseBody(id, JSON.stringify({ usage }), true));
    expect(settlement).toMatchObject({ tokens: 23, input: 15 });
  });

  it("nothing from an answer that reports nothing, is cut off, or costs nothing", async () => {
    const silent = await start(file, ESTIMATE);
    post(silent, prompt());
    const text = JSON.stringify({ choices: [{ message: { content: "Hello" } }] });
    expect(answered(silent, (id) => silent.responseBody(id, text, true)).input).toBe(-1);
    const cut = await start(file, ESTIMATE);
    post(cut, prompt());
    expect(answered(cut, (id) => cut.responseBody(id, usageBody(8, 4), false)).input).toBe(-1);
    const left = await start(file, ESTIMATE);
    post(left, prompt());
    left.end(2);
    left.reply(ROOT, held(64));
    expect(settlementOf(left.pending[0]!)).toMatchObject({ tokens: 0, input: -1 });
  });

  it("so Redis may correct the estimate, and the settlement says what it holds", async () => {
    const host = await start(file, ESTIMATE);
    post(host, prompt());
    const { input } = holdOf(host.pending[0]!);
    host.reply(ROOT, held(20, 0, 0, 7));
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    expect(settlementOf(host.pending[0]!)).toMatchObject({ held: input + 7 + 20, input: 8 });
  });
});
