// Contract of assembly/estimate/request-meter, for reservations: what may cost more than it looks counts as much as it may cost.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { noise } from "../estimate/samples.ts";

interface Harness {
  tokens(body: ArrayBuffer, size: number, seed: number, reserves: boolean): bigint;
}

let meter: Harness;
beforeAll(async () => {
  meter = await loadHarness<Harness>("tests/unit/usage/request-meter.harness.ts");
});

/** The estimate for a message, for a reservation or a charge. */
function tokens(content: unknown, reserves = true, size = 16_384): number {
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
  return Number(meter.tokens(Uint8Array.from(Buffer.from(body)).buffer, size, 1, reserves));
}
const URL_OF = (bytes: number): string =>
  `data:image/png;base64,${noise(bytes, "picture").toString("base64")}`;

describe("a data URL", () => {
  it.each([3_000, 30_000, 150_000])("of %i bytes is text where models read text", (bytes) => {
    const url = URL_OF(bytes);
    for (const content of [url, [{ type: "text", text: url }]])
      expect(tokens(content)).toBeGreaterThan(0.7 * countTokens(url));
  });

  it("is a file where files stand", () => {
    const url = URL_OF(150_000);
    for (const content of [
      [{ type: "image_url", image_url: { url } }],
      [{ type: "input_image", image_url: url }],
    ])
      expect(tokens(content)).toBeLessThan(url.length / 1024 + 200);
  });

  it("is no picture given by its URL, however the body is cut", () => {
    const content = [{ type: "image_url", image_url: { url: URL_OF(90) } }];
    for (const size of [1, 2, 7, 100]) expect(tokens(content, true, size)).toBeLessThan(200);
  });
});

describe("a picture", () => {
  const places: [string, (url: string) => unknown][] = [
    ["image_url.url", (url) => [{ type: "image_url", image_url: { url } }]],
    ["image_url", (url) => [{ type: "input_image", image_url: url }]],
    ["source.url", (url) => [{ type: "image", source: { type: "url", url } }]],
    ["image", (url) => [{ image: url }]],
    ["a list of images", (url) => [{ images: [url, "iVBORw0KGgo="] }]],
  ];
  const urls = ["https://a.example/b.png", "HTTP://A/b", "gs://a/b", " http://a/b", "s3://a"];
  it.each(places)("that is given by its URL at %s counts as a large one, once", (_, place) => {
    for (const url of urls)
      for (const size of [16_384, 1]) {
        expect(tokens(place(url), true, size)).toBeGreaterThanOrEqual(1600);
        expect(tokens(place(url), true, size)).toBeLessThan(1700);
      }
  });

  it("counts as one however its URL is written", () => {
    const body = '{"messages":[{"content":[{"image_url":{"url":"\\u0068ttps://a.example/b"}}]}]}';
    const bytes = Uint8Array.from(Buffer.from(body)).buffer;
    expect(Number(meter.tokens(bytes, 16_384, 1, true))).toBeGreaterThanOrEqual(1600);
  });

  it("counts only for reservations, and only where it stands for one", () => {
    for (const [, place] of places) expect(tokens(place(urls[0]!), false)).toBeLessThan(100);
    expect(tokens(`See ${urls[0]!}`)).toBeLessThan(100);
    expect(tokens([{ type: "tool_use", input: { url: urls[0] } }])).toBeLessThan(100);
    expect(tokens([{ type: "thinking", thinking: "Hm.", signature: "EqQBCkgIARABGAIiQ" }])).toBeLessThan(100);
  });
});
