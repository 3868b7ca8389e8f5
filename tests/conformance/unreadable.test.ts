// Contract: an answer that cannot be read, as it is compressed or no text of a known kind, is charged by its size, and clients
// are kept from asking for one. Specified in config.schema.json (strip_accept_encoding) and README.md, "What is counted".
import { brotliCompressSync, gzipSync } from "node:zlib";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { metric, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import { textIn } from "../unit/estimate/samples.ts";
import { charged, JSON_TYPE, question, SSE_TYPE, words, type Call } from "./calls.ts";

describe.each(MODULES)("%s", (_name, file) => {
  it("charges a compressed response an estimate, and counts it", async () => {
    const host = await start(file, PER_KEY);
    const body = gzipSync(Buffer.from(words(2000)));
    const response = { ...SSE_TYPE, "content-encoding": "gzip" };
    const tokens = charged(host, { requestBody: question("lorem ".repeat(50)), response, body });
    expect(tokens).toBeGreaterThan(40 + body.length / 8);
    expect(metric(host, "compressed_responses")).toBe(1);
    expect(charged(host, { response: { ...response, ":status": "503" }, body })).toBe(0);
    expect(
      charged(host, { response: { ...JSON_TYPE, "content-encoding": "identity" }, body: usageBody(3, 4) }),
    ).toBe(7);
  });

  it("charges a compressed answer in one piece about what its text costs", async () => {
    const host = await start(file, PER_KEY);
    const text = textIn("english");
    const answer = JSON.stringify({ choices: [{ message: { content: text } }] });
    for (const [encoding, body] of [
      ["gzip", gzipSync(answer)],
      ["br", brotliCompressSync(answer)],
    ] as const) {
      const tokens = charged(host, { response: { ...JSON_TYPE, "content-encoding": encoding }, body });
      expect(tokens / countTokens(text), encoding).toBeGreaterThan(0.85);
      expect(tokens / countTokens(text), encoding).toBeLessThan(1.5);
    }
  });

  it.each<[string, Call]>([
    ["text", { response: { "content-type": "text/plain" }, body: "lorem ipsum ".repeat(1000) }],
    ["a page", { response: { "content-type": "text/html" }, body: `<p>${"lorem ipsum ".repeat(1000)}</p>` }],
    ["gzip without its header", { body: gzipSync(Buffer.from(words(40_000))) }],
    ["bytes", { response: { "content-type": "application/grpc" }, body: Buffer.alloc(8000, 0x9f) }],
  ])("charges an unreadable answer by its size, and counts it: %s", async (_case, call) => {
    const host = await start(file, PER_KEY);
    const tokens = charged(host, { requestBody: question("hello"), ...call });
    expect(tokens).toBeGreaterThan(1000);
    expect(tokens).toBeLessThan(6000);
    expect(metric(host, "unreadable_responses")).toBe(1);
    expect(charged(host, { ...call, response: { ...call.response, ":status": "502" } })).toBe(0);
    expect(metric(host, "unreadable_responses")).toBe(1);
    const ignores = await start(file, { ...PER_KEY, missing_usage: "ignore" });
    expect(charged(ignores, { requestBody: question("hello"), ...call })).toBe(0);
  });

  it("reads a body that is not compressed, even with an unknown coding", async () => {
    const host = await start(file, PER_KEY);
    for (const encoding of ["Identity", "identity, identity", "utf-8", ""]) {
      const response = { ...JSON_TYPE, "content-encoding": encoding };
      expect(charged(host, { response, body: usageBody(3, 4) }), encoding).toBe(7);
    }
    expect(metric(host, "compressed_responses")).toBe(0);
  });

  it("removes accept-encoding from requests to which a rule applies, so that answers can be read", async () => {
    const headers = { "accept-encoding": "gzip, br" };
    const strips = await start(file, PER_KEY);
    expect(strips.request(2, ROOT, { "x-api-key": "a", ...headers }).request).not.toHaveProperty(
      "accept-encoding",
    );
    expect(strips.request(3, ROOT, headers).request).toHaveProperty("accept-encoding");
    const leaves = await start(file, { ...PER_KEY, strip_accept_encoding: false });
    expect(leaves.request(2, ROOT, { "x-api-key": "a", ...headers }).request).toHaveProperty(
      "accept-encoding",
    );
  });
});
