// Contract: with `reservation`, a call reserves what it may cost before it reaches the model, and settles what it has cost.
// Specified in ARCHITECTURE.md, "Reservations"; how hosts hold bodies: tests/envoy/reservation.test.ts.
import { describe, expect, it } from "vitest";
import {
  array,
  CONTINUE,
  made,
  metric,
  MODULES,
  PAUSE,
  PER_KEY,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { held, holdOf, LAPSES_AT_MS, settlementOf } from "../support/hold-commands.ts";
import { post, prompt, reserving, sentTo, WATERMARK } from "./held-calls.ts";

const COUNTER = "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice";

const ESTIMATE = reserving({ mode: "estimate", default_output_tokens: 64 });
const CLAMP = reserving({ mode: "clamp", default_output_tokens: 64, min_output_tokens: 8 });
const CLAMPS = { mode: "clamp" };

describe.each(MODULES)("%s", (_name, file) => {
  it("reserves input and the stated output before the call, and settles what it has consumed", async () => {
    const host = await start(file, ESTIMATE);
    const stream = post(host, prompt({ max_tokens: 20 }));
    const hold = holdOf(host.pending[0]!);
    expect(hold.keys[0]).toBe(COUNTER);
    expect(hold.keys[1]).toMatch(
      /^higress-token-ratelimit:held:\{[@-o]{4}\}:higress-token-ratelimit:r:limit_by/,
    );
    expect(hold.keys[2]).toMatch(/^higress-token-ratelimit:charge:\{/);
    expect(hold).toMatchObject({ output: 20, least: 20, assumed: false, widthMs: 75_000, lapse: "charge" });
    expect(hold.limits).toEqual([60, 100]);
    expect(hold.input).toBeGreaterThan(4);
    host.reply(ROOT, held(20));
    expect(stream.continued).toBe(1);
    expect(sentTo(host)).toBe(prompt({ max_tokens: 20 }));

    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    const settlement = settlementOf(host.pending[0]!);
    expect(settlement).toMatchObject({ tokens: 12, lapsesAtMs: LAPSES_AT_MS, held: hold.input + 20 });
    expect(settlement.keys).toEqual(hold.keys);
    host.reply(ROOT, made(12));
    host.end(2);
    expect(host.pending).toHaveLength(0);
    expect(host.metrics.get("ai_token_ratelimit.charged_tokens")).toBe(12n);
  });

  it("denies a call for which there is no room, and says when to try again", async () => {
    const host = await start(file, ESTIMATE);
    const stream = post(host, prompt({ max_tokens: 20 }));
    host.reply(ROOT, held(-1, 95));
    expect(stream.localResponse).toMatchObject({ code: 429, details: "ai-token-ratelimit.rejected" });
    expect(Object.fromEntries(stream.localResponse!.headers)).toMatchObject({ "Retry-After": "30" });
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("counts a counter that holds no number as a malformed reply, and takes it for empty", async () => {
    const both = { rule_mode: "all_match", global_threshold: { token_per_hour: 5 } };
    const host = await start(file, reserving({ mode: "estimate" }, both));
    const stream = post(host, prompt({ max_tokens: 20 }));
    host.reply(ROOT, array("many", 30_000, "0", "100", 30_000, "0"));
    expect(stream.localResponse).toMatchObject({ code: 429 });
    expect(metric(host, "redis_failures.malformed")).toBe(1);
  });

  it("has a caller try again soon if only the calls of others are in the way", async () => {
    const host = await start(file, ESTIMATE);
    const stream = post(host, prompt({ max_tokens: 20 }));
    host.reply(ROOT, held(-1, 10, 80));
    expect(Object.fromEntries(stream.localResponse!.headers)).toMatchObject({ "Retry-After": "5" });
  });

  it("assumes an output when the caller states none, and marks it as assumed", async () => {
    const host = await start(file, ESTIMATE);
    post(host, prompt());
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 64, least: 0, assumed: true });
  });

  it.each([
    ["the larger of two caps", { max_tokens: 10, max_completion_tokens: 30 }, 30],
    ["every alternative", { max_tokens: 10, n: 3 }, 30],
  ])("reserves for %s", async (_what, fields, output) => {
    const host = await start(file, ESTIMATE);
    post(host, prompt(fields));
    expect(holdOf(host.pending[0]!)).toMatchObject({ output, least: output });
  });

  it("reserves no output where a model writes nothing", async () => {
    const host = await start(file, ESTIMATE);
    post(host, JSON.stringify({ model: "m", input: "Say hello to the world." }), { path: "/v1/embeddings" });
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 0, least: 0, assumed: false });
  });

  it.each([
    ["its path may lead elsewhere", "/v1/embeddings/../chat/completions", {}],
    ["a header may lead it elsewhere", "/v1/embeddings", { "x-original-url": "/v1/chat/completions" }],
  ])("assumes an output after all when %s", async (_why, path, headers) => {
    const host = await start(file, ESTIMATE);
    post(host, prompt(), { path, headers });
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 64, assumed: true });
  });

  it("weighs what it reserves, with the dearest weights", async () => {
    const weights = { input: 2, cache_write: 3, output: 4, reasoning: 5 };
    const host = await start(file, reserving({ mode: "estimate" }, { token_weights: weights }));
    const plain = await start(file, ESTIMATE);
    post(host, prompt({ max_tokens: 20 }));
    post(plain, prompt({ max_tokens: 20 }));
    expect(holdOf(host.pending[0]!).input).toBe(3 * holdOf(plain.pending[0]!).input);
    expect(holdOf(host.pending[0]!).output).toBe(100);
  });

  it("holds chunks until the last one, and reads a body that ends with trailers", async () => {
    const host = await start(file, ESTIMATE);
    host.request(2, ROOT, { "x-api-key": "alice" }, false);
    const body = prompt({ max_tokens: 20 });
    expect(host.requestBody(2, body.slice(0, 50))).toBe(WATERMARK);
    expect(host.requestBody(2, body.slice(50))).toBe(WATERMARK);
    expect(host.pending).toHaveLength(0);
    host.requestTrailers(2);
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 20 });
  });

  it("reserves at once for a request without a body", async () => {
    const host = await start(file, ESTIMATE);
    const stream = host.request(2, ROOT, { "x-api-key": "alice" });
    expect(stream.action).toBe(PAUSE);
    expect(holdOf(host.pending[0]!)).toMatchObject({ input: 0, output: 64, assumed: true });
    host.reply(ROOT, held(25));
    expect(stream.continued).toBe(1);
  });

  it("judges a body by its size if it is too long, and holds none of it", async () => {
    const host = await start(file, ESTIMATE);
    const headers = { "x-api-key": "alice", "content-length": "4000000" };
    const stream = host.request(2, ROOT, headers, false);
    expect(stream.action).toBe(PAUSE);
    expect(holdOf(host.pending[0]!)).toMatchObject({ input: 1_000_000, output: 64, assumed: true });
    host.reply(ROOT, held(20));
    expect(host.requestBody(2, prompt({ max_tokens: 500 }), true)).toBe(CONTINUE);
    expect(sentTo(host)).toBe(prompt({ max_tokens: 500 }));
  });

  it("lets a body go on that turns out to be too long, once there is room for it", async () => {
    const host = await start(file, reserving({ mode: "clamp", max_body_bytes: 1_000 }));
    const stream = host.request(2, ROOT, { "x-api-key": "alice" }, false);
    const piece = "x".repeat(600);
    expect(host.requestBody(2, piece)).toBe(WATERMARK);
    expect(host.requestBody(2, piece)).toBe(WATERMARK);
    expect(holdOf(host.pending[0]!).input).toBeGreaterThanOrEqual(300);
    host.reply(ROOT, held(10));
    expect(stream.continued).toBe(1);
    expect(host.requestBody(2, piece, true)).toBe(CONTINUE);
  });

  it("settles by its hold although the reply to that was lost, and lets the call pass", async () => {
    const host = await start(file, ESTIMATE);
    const stream = post(host, prompt({ max_tokens: 20 }));
    const { keys } = holdOf(host.pending[0]!);
    host.reply(ROOT, null);
    expect(stream.continued).toBe(1);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    expect(settlementOf(host.pending[0]!)).toMatchObject({ keys, tokens: 12, lapsesAtMs: 0, held: 0 });
  });

  it("gives the hold back when the caller leaves before Redis replies", async () => {
    const host = await start(file, ESTIMATE);
    post(host, prompt({ max_tokens: 20 }));
    const { input } = holdOf(host.pending[0]!);
    host.end(2);
    host.reply(ROOT, held(20));
    expect(settlementOf(host.pending[0]!)).toMatchObject({ tokens: 0, held: input + 20 });
  });

  it("settles for the input when the caller leaves before the answer, which the model may be writing", async () => {
    const host = await start(file, ESTIMATE);
    post(host, prompt({ max_tokens: 20 }));
    const { input } = holdOf(host.pending[0]!);
    host.reply(ROOT, held(20));
    host.end(2);
    expect(settlementOf(host.pending[0]!)).toMatchObject({ tokens: input, held: input + 20 });
  });

  it("leaves no hold behind when a caller leaves in the middle of its body", async () => {
    const host = await start(file, ESTIMATE);
    host.request(2, ROOT, { "x-api-key": "alice" }, false);
    host.requestBody(2, prompt().slice(0, 20));
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("reserves for no request that consumes nothing, and for no WebSocket", async () => {
    const host = await start(file, ESTIMATE);
    const models = host.request(2, ROOT, { "x-api-key": "alice", ":method": "GET", ":path": "/v1/models" });
    expect([models.action, host.pending.length]).toEqual([CONTINUE, 0]);
    host.request(4, ROOT, {
      "x-api-key": "alice",
      ":method": "GET",
      ":path": "/v1/realtime",
      upgrade: "websocket",
    });
    expect(host.pending[0]!.args.map(String)[2]).toBe("1");
  });

  it("keeps memory flat, however bodies and replies come", async () => {
    const host = await start(file, CLAMP);
    const round = (from: number): void => {
      for (let id = from; id < from + 2_000; id += 2) {
        post(host, prompt({ max_tokens: 500, x: "y".repeat(2_000) }), { id });
        host.reply(ROOT, held(37));
        host.responseHeaders(id, { "content-type": "application/json" });
        host.responseBody(id, usageBody(8, 37), true);
        host.reply(ROOT, made(45));
        host.end(id);
      }
    };
    round(2);
    const before = host.memoryBytes;
    for (let i = 1; i < 5; ++i) round(2 + 2_000 * i);
    expect(host.memoryBytes).toBe(before);
  }, 120_000);

  it.each([
    [{ mode: "on" }, "reservation.mode: must be off or estimate or clamp"],
    [{}, "reservation.mode: is missing; off, estimate or clamp is expected"],
    [{ mode: "clamp", ttl_seconds: 29 }, "reservation.ttl_seconds: must be a whole number from 30 to 86400"],
    [{ mode: "clamp", min_output_tokens: 0 }, "reservation.min_output_tokens: must be a whole number"],
    [{ mode: "clamp", on_lapse: "forget" }, "reservation.on_lapse: must be charge or release"],
    [{ mode: "clamp", max_body_bytes: -1 }, "reservation.max_body_bytes: must be a whole number"],
  ])("refuses %j", async (reservation, message) => {
    const host = await start(file);
    expect(host.configure(ROOT, reserving(reservation))).toBe(false);
    expect(host.lines().join("\n")).toContain(message);
  });

  describe("of a rule item", () => {
    const items = (...modes: (string | undefined)[]): object => ({
      ...reserving({ mode: "estimate", default_output_tokens: 11 }),
      rule_mode: "all_match",
      rule_items: modes.map((mode, i) => ({
        limit_by_per_header: `x-${i}`,
        limit_keys: [{ key: "*", token_per_minute: 1000 }],
        ...(mode !== undefined && { reservation: { mode, default_output_tokens: 20 + i } }),
      })),
    });
    const headersOf = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "v"]));

    it.each([
      ["takes the place of the configuration's", ["estimate"], 20, true],
      ["is the configuration's if it has none", [undefined], 11, true],
      ["decides if it is the strictest: clamp before estimate", ["estimate", "clamp"], 21, false],
      ["decides if it is the strictest: estimate before off", ["off", "estimate", "off"], 21, true],
      ["decides if it is the first of equally strict ones", [undefined, "estimate"], 11, true],
      ["decides if it is the first of equally strict ones, own or not", ["clamp", "clamp"], 20, false],
    ] as const)("%s", async (_what, modes, output, assumed) => {
      const host = await start(file, items(...modes));
      post(host, prompt(), { headers: headersOf(modes.length) });
      expect(holdOf(host.pending[0]!)).toMatchObject({ output, assumed });
      expect(holdOf(host.pending[0]!).keys).toHaveLength(2 * modes.length + 1);
    });

    it("with mode off has its calls checked as without reservations", async () => {
      const host = await start(file, items("off"));
      expect(host.request(2, ROOT, headersOf(1), false).action).toBe(PAUSE);
      expect(host.pending[0]!.args.map(String)[2]).toBe("1");
    });

    it("yields to a stricter one of global_threshold, which is the configuration's", async () => {
      const global = { global_threshold: { token_per_minute: 1000 } };
      const weak = await start(file, { ...items("estimate"), ...global });
      post(weak, prompt(), { headers: headersOf(1) });
      expect(holdOf(weak.pending[0]!)).toMatchObject({ output: 20 });
      const strong = await start(file, { ...items("off"), ...global });
      post(strong, prompt(), { headers: headersOf(1) });
      expect(holdOf(strong.pending[0]!)).toMatchObject({ output: 11 });
    });

    it("does not matter where the item does not apply", async () => {
      const first = [
        { limit_by_per_header: "x-0", limit_keys: [{ key: "*", token_per_minute: 1 }], reservation: CLAMPS },
        PER_KEY.rule_items[0],
      ];
      const host = await start(file, { ...reserving({ mode: "off" }), rule_items: first });
      expect(host.request(2, ROOT, { "x-api-key": "alice" }, false).action).toBe(PAUSE);
      expect(host.pending[0]!.args.map(String)[3]).toBe(COUNTER);
    });

    it.each([
      [{}, "rule_items[0].reservation.mode: is missing"],
      [{ mode: null }, "rule_items[0].reservation.mode: is missing"],
      [{ mode: "some" }, "rule_items[0].reservation.mode: must be off or estimate or clamp"],
      [5, "rule_items[0].reservation: must be an object"],
      [{ mode: "off", ttl_seconds: 0 }, "rule_items[0].reservation.ttl_seconds: must be"],
    ])("is refused when it is %j", async (reservation, message) => {
      const host = await start(file);
      const item = { ...PER_KEY.rule_items[0], reservation };
      expect(host.configure(ROOT, { ...PER_KEY, rule_items: [item] })).toBe(false);
      expect(host.lines().join("\n")).toContain(message);
    });
  });

  it("is off with mode off: calls are checked as without it", async () => {
    const host = await start(file, reserving({ mode: "off" }));
    const stream = host.request(2, ROOT, { "x-api-key": "alice" }, false);
    expect(stream.action).toBe(PAUSE);
    expect(host.pending[0]!.args.map(String)[3]).toBe(COUNTER);
    expect(host.pending[0]!.args.map(String)[2]).toBe("1");
  });
});
