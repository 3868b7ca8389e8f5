// Contract: with `model_weights`, the tokens of a call count as those of its model do, and a call that hides its model counts as
// the dearest. Specified in README, "What is counted".
import { describe, expect, it } from "vitest";
import { chargeOf, counter, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import { held, holdOf, settlementOf } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

type Headers = Parameters<StrictHost["request"]>[2];
const WEIGHTS = { "GPT-4o": 10, "gpt-4o-*": 2, "gpt-4o-mini*": 0.5, "free-": 3, "*": 1 };
const config = (model_weights: object, more: object = {}): object => ({ ...PER_KEY, model_weights, ...more });
const ALICE = { "x-api-key": "alice", ":path": "/v1/chat/completions" };
const body = (model: unknown, more: object = {}): string => JSON.stringify({ messages: [], model, ...more });
const form = (model: string): string =>
  `--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n--x--\r\n`;
const FORM = { ":path": "/v1/audio/transcriptions", "content-type": "multipart/form-data; boundary=x" };

/** What a call of 8 and 4 tokens is charged. */
function charged(host: StrictHost, text: string, headers: Headers = {}, id = 2): number {
  host.request(id, ROOT, { ...ALICE, ...headers }, false);
  host.reply(ROOT, counter(0));
  for (const half of [text.slice(0, text.length >> 1), text.slice(text.length >> 1)])
    host.requestBody(id, half, half === text.slice(text.length >> 1));
  host.responseHeaders(id, { "content-type": "application/json" });
  host.responseBody(id, usageBody(8, 4), true);
  const charge = host.pending.pop();
  host.end(id);
  return charge === undefined ? 0 : chargeOf(charge).tokens;
}

describe.each(MODULES)("%s", (_name, file) => {
  it.each<[number, string, Headers?]>([
    [120, body("gpt-4o")],
    [120, body(" GPT-4O ")],
    [24, body("gpt-4o-2024")],
    [6, body("gpt-4o-mini")],
    [6, body("gpt-4o-mini-2024")],
    [12, body("gpt-4")],
    [12, body("free-x")],
    [36, body("free-")],
    // The path tells, and then nothing else counts.
    [6, body("gpt-4o"), { ":path": "/openai/deployments/gpt-4o-mini/chat/completions" }],
    [12, body("gpt-4o"), { ":path": "/v1beta/models/gemini:generateContent" }],
    [6, form("gpt-4o-mini"), FORM],
    // Not known: the dearest.
    [120, form("gpt-4o-mini"), { "content-type": "multipart/form-data; boundary=y" }],
    [120, body(null)],
    [120, "no JSON"],
    [120, '{"model":"cheap","model":"other"}'],
    [120, '{"model":"cheap"', { "content-length": "16" }],
    [120, body("cheap"), { ":path": "/v1/models/cheap:generateContent%3F" }],
    [120, body("cheap"), { ":path": "/v1/chat/completions?model=gpt-4o" }],
    [120, body("cheap"), { ":path": "/v1/chat/completions?model=a&model=gpt-4o" }],
    [120, body("cheap"), { ":path": "/engines/gpt-4o/chat/completions" }],
    [120, body("cheap", { models: ["gpt-4o"] })],
    [120, body("cheap", { fallbacks: ["gpt-4o"] })],
    [120, body("gpt-4o-mini,gpt-4o")],
  ])("charges %d for %s %j, without holding the body", async (tokens, text, headers) => {
    const host = await start(file, config(WEIGHTS));
    expect(charged(host, text, headers)).toBe(tokens);
    expect(charged(host, text, headers, 4)).toBe(tokens);
  });

  it("multiplies the weights of kinds of tokens, and rounds to the nearest token", async () => {
    const weights = { input: 0.5, output: 4 };
    const host = await start(file, config({ dear: 2.5, cheap: 0.01 }, { token_weights: weights }));
    expect(charged(host, body("dear"))).toBe(50);
    expect(charged(host, body("cheap"), {}, 4)).toBe(0);
    expect(charged(host, body("other"), {}, 6)).toBe(20);
  });

  it("believes the header that is configured", async () => {
    const host = await start(file, config(WEIGHTS, { model_header: "x-model" }));
    expect(charged(host, body("cheap"), { "x-model": "gpt-4o" })).toBe(120);
    expect(charged(host, body("gpt-4o"), {}, 4)).toBe(120);
  });

  it("reserves with the weight too, and clamps to what is left of it", async () => {
    const host = await start(file, config(WEIGHTS, { reservation: { mode: "clamp" } }));
    host.request(2, ROOT, ALICE, false);
    const text = body("gpt-4o", { max_tokens: 20 });
    host.requestBody(2, text, true);
    const hold = holdOf(host.pending[0]!);
    expect(hold.output).toBe(200);
    host.reply(ROOT, held(80));
    expect(Buffer.from(host.streams.get(2)!.toServer).toString()).toMatch(/"max_tokens": +8\}/);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    expect(settlementOf(host.pending[0]!).tokens).toBe(120);
  });

  it.each<[string, string, Headers]>([
    ["objects", body("gpt-4o"), {}],
    ["forms", form("gpt-4o"), FORM],
  ])("weighs calls with %s that rules by model have held", async (_what, text, headers) => {
    const items = [{ limit_by_per_model: "", limit_keys: [{ key: "*", token_per_minute: 100 }] }];
    const host = await start(file, config(WEIGHTS, { rule_items: items }));
    host.request(2, ROOT, { ...ALICE, ...headers }, false);
    host.requestBody(2, text, true);
    expect(host.pending[0]!.args[3]!.toString()).toMatch(/:model:gpt-4o$/);
    host.reply(ROOT, counter(0));
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    expect(chargeOf(host.pending[0]!).tokens).toBe(120);
  });

  it("refuses weights that are none", async () => {
    const host = await start(file);
    const bad = { a: -1, b: "x", c: 101, d: 60, "": 1 };
    expect(host.configure(ROOT, config(bad, { token_weights: { output: 2 } }))).toBe(false);
    const text = host.lines().join("\n");
    for (const path of ["a", "b", "c", "d", ""]) expect(text).toContain(`model_weights.${path}: `);
  });
});
