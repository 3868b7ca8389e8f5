// Contract: with `reservation.mode: clamp`, the output that is granted to a call is written into its body, and its client is
// told. Specified in ARCHITECTURE.md, "Reservations"; how hosts hold bodies: tests/envoy/reservation.test.ts.
import { describe, expect, it } from "vitest";
import { CONTINUE, MODULES, ROOT, start, usageBody } from "../support/filter.ts";
import { held, holdOf, LAPSES_AT_MS, settlementOf } from "../support/hold-commands.ts";
import { post, prompt, reserving, sentTo, WATERMARK } from "./held-calls.ts";
import { ENVOY_MODULES, HttpHost } from "./http-host.ts";

const CLAMP = reserving({ mode: "clamp", default_output_tokens: 64, min_output_tokens: 8 });

describe.each(MODULES)("%s", (_name, file) => {
  it("writes the granted cap into every cap of the body, at the same length, and tells the client", async () => {
    const host = await start(file, CLAMP);
    const body = prompt({ max_tokens: 500, max_completion_tokens: 4096 });
    const stream = post(host, body, { headers: { "content-length": String(body.length) } });
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 4096, least: 8, assumed: false });
    host.reply(ROOT, held(37));
    expect(sentTo(host)).toHaveLength(body.length);
    expect(JSON.parse(sentTo(host))).toEqual({
      ...JSON.parse(body),
      max_tokens: 37,
      max_completion_tokens: 37,
    });
    expect(stream.continued).toBe(1);
    host.responseHeaders(2, { "content-type": "application/json" });
    expect(host.streams.get(2)!.response).toMatchObject({ "x-ratelimit-clamped-tokens": "37" });
    host.responseBody(2, usageBody(8, 37), true);
    expect(settlementOf(host.pending[0]!)).toMatchObject({ tokens: 45, lapsesAtMs: LAPSES_AT_MS });
  });

  it("lets nothing that was learned lower what is reserved, as `estimate` does", async () => {
    for (const [mode, mayShrink] of [
      ["clamp", false],
      ["estimate", true],
    ] as const) {
      const host = await start(file, reserving({ mode }));
      host.request(2, ROOT, { "x-api-key": "alice" }, false);
      host.requestBody(2, prompt({ max_tokens: 500 }), true);
      expect(holdOf(host.pending[0]!).mayShrink).toBe(mayShrink);
    }
  });

  it("shares a grant among alternatives", async () => {
    const host = await start(file, CLAMP);
    post(host, prompt({ max_tokens: 500, n: 4 }));
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 2000, least: 32 });
    host.reply(ROOT, held(83));
    expect(JSON.parse(sentTo(host))).toMatchObject({ max_tokens: 20, n: 4 });
  });

  it.each([
    [undefined, "104857600"],
    ["16384", undefined],
    ["16385", "104857600"],
    ["524288", "104857600"],
    ["524289", undefined],
  ])("has Higress hold a body of %s bytes", async (length, limit) => {
    const host = await start(file, CLAMP);
    const headers: Record<string, string> = length === undefined ? {} : { "content-length": length };
    host.request(2, ROOT, { "x-api-key": "alice", ...headers }, false);
    expect(host.properties.get("set_decoder_buffer_limit")).toBe(limit);
  });

  it("leaves the body as it is when everything is granted", async () => {
    const host = await start(file, CLAMP);
    post(host, prompt({ max_tokens: 20 }));
    host.reply(ROOT, held(20));
    expect(sentTo(host)).toBe(prompt({ max_tokens: 20 }));
    host.responseHeaders(2, {});
    expect(host.streams.get(2)!.response).not.toHaveProperty("x-ratelimit-clamped-tokens");
  });

  it("adds a cap where there is none, and corrects the length of the body", async () => {
    const host = await start(file, CLAMP);
    const stream = post(host, prompt(), { headers: { "content-length": String(prompt().length) } });
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 64, least: 8, assumed: false });
    const lengths: string[] = [];
    host.intercept = (name) => {
      if (name === "proxy_continue_stream") lengths.push(String(stream.request!["content-length"]));
      return undefined;
    };
    host.reply(ROOT, held(30));
    expect(JSON.parse(sentTo(host))).toEqual({ ...JSON.parse(prompt()), max_tokens: 30 });
    expect(lengths).toEqual([String(Buffer.byteLength(sentTo(host)))]);
  });

  it("changes nothing when Redis does not answer: the call passes as it is", async () => {
    const host = await start(file, CLAMP);
    const stream = post(host, prompt({ max_tokens: 500 }));
    host.reply(ROOT, null);
    expect(stream.continued).toBe(1);
    expect(sentTo(host)).toBe(prompt({ max_tokens: 500 }));
    host.responseHeaders(2, {});
    expect(host.streams.get(2)!.response).not.toHaveProperty("x-ratelimit-clamped-tokens");
  });

  it("cannot lower the caps of a body that ends with trailers, so what it states must fit", async () => {
    const host = await start(file, CLAMP);
    const stream = host.request(2, ROOT, { "x-api-key": "alice" }, false);
    host.requestBody(2, prompt({ max_tokens: 500 }));
    host.requestTrailers(2);
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 500, least: 500, assumed: false });
    host.reply(ROOT, held(-1, 90));
    expect(stream.localResponse!.code).toBe(429);
  });

  it.each([
    ["20", "20"],
    ["400", "37"],
    ["-1", "37"],
    ["none", "37"],
  ])("tells the lower of two caps when another filter has told %s", async (other, told) => {
    const host = await start(file, CLAMP);
    post(host, prompt({ max_tokens: 500 }));
    host.reply(ROOT, held(37));
    host.responseHeaders(2, { "x-ratelimit-clamped-tokens": other });
    expect(host.streams.get(2)!.response).toMatchObject({ "x-ratelimit-clamped-tokens": told });
  });

  it("rejects a call that would be granted too little to be of use", async () => {
    const host = await start(file, CLAMP);
    const stream = post(host, prompt({ max_tokens: 500 }));
    host.reply(ROOT, held(-1, 90));
    expect(stream.localResponse!.code).toBe(429);
  });

  it.each([
    ["signed by AWS", { authorization: "AWS4-HMAC-SHA256 Credential=x" }],
    ["signed by its hash", { "x-amz-content-sha256": "0".repeat(64) }],
  ])("does not change a body that is %s", async (_what, headers) => {
    const host = await start(file, CLAMP);
    const body = JSON.stringify({ messages: [], inferenceConfig: { maxTokens: 500 } });
    post(host, body, { headers, path: "/model/m/converse" });
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 500, least: 500 });
    host.reply(ROOT, held(500));
    expect(sentTo(host)).toBe(body);
  });

  it("has no room for a body with so many caps that they cannot all be lowered", async () => {
    const host = await start(file, CLAMP);
    const caps = Array.from({ length: 20 }, () => '"max_tokens":5').join(",");
    post(host, `{"messages":[],${caps}}`);
    expect(holdOf(host.pending[0]!)).toMatchObject({ output: 2 ** 53, least: 2 ** 53, assumed: false });
  });
});

describe.each(ENVOY_MODULES)("%s", (_name, file) => {
  it("asks stock Envoy for no larger buffer, because it has no property for that", async () => {
    const host = await HttpHost.load(file);
    const redis = { service_name: "redis.dns", http: { cluster: "webdis" } };
    expect(host.configure(ROOT, { ...CLAMP, redis })).toBe(true);
    expect(host.request(2, ROOT, { "x-api-key": "alice" }, false).action).toBe(CONTINUE);
    expect(host.requestBody(2, prompt({ max_tokens: 500 }))).toBe(WATERMARK);
    expect(host.properties.has("set_decoder_buffer_limit")).toBe(false);
  });
});
