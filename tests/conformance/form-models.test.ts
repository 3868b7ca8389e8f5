// Contract: the model of a call with a form (multipart/form-data, RFC 7578), as uploads of audio and images are, is its field `model`.
// A form that some server may read differently has no model, and so is no cheaper. Specified in README, "Models".
import fc from "fast-check";
import { expect, it, describe } from "vitest";
import { MODULES, REDIS, ROOT, start } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

const B = "----WebKitFormBoundaryAbC123_x";
const TYPE = `multipart/form-data; boundary=${B}`;
const PER_MODEL = {
  rule_name: "r",
  rule_items: [{ limit_by_per_model: "", limit_keys: [{ key: "*", token_per_minute: 100 }] }],
  redis: REDIS,
};

const part = (headers: string, content: string): string => `--${B}\r\n${headers}\r\n\r\n${content}\r\n`;
const field = (name: string, content: string): string =>
  part(`Content-Disposition: form-data; name="${name}"`, content);
const file = (content = "RIFF\r\n\n\r\0--\r\n\r\n"): string =>
  part('Content-Disposition: form-data; name="file"; filename="a b.wav"\r\nContent-Type: audio/wav', content);
const END = `--${B}--\r\n`;
const model = (name: string): string => field("model", name);

interface Options {
  type?: string | string[];
  pieces?: number;
}
describe.each(MODULES)("%s", (_name, module) => {
  let host: StrictHost;
  let next = 1;

  /** Posts a form, and says by which model it is counted; or the status of the answer. */
  async function modelOf(text: string, { type = TYPE, pieces = 1 }: Options = {}): Promise<string | number> {
    host ??= await start(module, PER_MODEL);
    const id = ++next;
    const headers = { ":path": "/v1/audio/transcriptions", "content-type": type };
    const stream = host.request(id, ROOT, headers, false);
    const bytes = Buffer.from(text);
    const at = (n: number): number => Math.floor((n * bytes.length) / pieces);
    for (let i = 0; i < pieces; ++i) host.requestBody(id, bytes.subarray(at(i), at(i + 1)), i === pieces - 1);
    const key = host.pending.pop()?.args[3]?.toString();
    host.end(id);
    return stream.localResponse?.code ?? /:model:(.*)$/.exec(key!)![1]!;
  }

  it.each<[string, string, string, Options?]>([
    ["one field", "whisper-1", model("Whisper-1") + END],
    ["a file behind it", "whisper-1", model("whisper-1") + file() + END],
    ["a file in front", "whisper-1", file() + model(" whisper-1 ") + field("language", "en") + END],
    ["no end of the last line", "whisper-1", model("whisper-1") + END.trimEnd()],
    ["an empty line at the end", "whisper-1", `${model("whisper-1")}${END}\r\n`],
    ["a quoted boundary", "m", model("m") + END, { type: `Multipart/Form-Data; Boundary="${B}"` }],
    ["another spelling", "m", part('content-disposition:form-data; name="Model"', "m") + END],
    ["the same model twice", "m", model("m") + model("M") + END],
    ["other fields", "m", field("image[]", "x\r\ny") + field("n", "") + model("m") + END],
    ["long content", "m", field("prompt", "word ".repeat(5_000)) + model("m") + END],
    [
      "many headers",
      "m",
      part(`${'Content-Disposition: form-data; name="x"'}${"\r\na: b".repeat(999)}`, "") + model("m") + END,
    ],
  ])("finds the model in a form with %s", async (_what, name, text, options) => {
    for (const pieces of [1, 2, 7, Math.min(text.length, 3_000)])
      expect(await modelOf(text, { ...options, pieces })).toBe(name);
  });

  it("refuses a form with two models", async () => {
    for (const text of [model("cheap") + model("dear"), model("cheap") + file() + field("MODEL", "dear")])
      expect(await modelOf(text + END)).toBe(400);
  });

  const disposition = (parameters: string): string =>
    part(`Content-Disposition: form-data; ${parameters}`, "m") + END;
  const good = model("m") + END;
  it.each<[string, string, Options?]>([
    ["no model", field("x", "m") + END],
    ["an empty model", model("") + END],
    ["others to fall back on", model("m") + field("fallbacks[]", "dear") + END],
    ["a model of two lines", model("m\r\nn") + END],
    ["a model that is too long", model("m".repeat(257)) + END],
    ["a model with a bare line feed", model("m\n") + END],
    ["no end", model("m")],
    ["the end of another", `${model("m")}--${B}x--\r\n`],
    ["something in front", `\r\n${good}`],
    ["another form in front", `--x\r\n${model("cheap")}${good}`],
    ["something behind", `${good}x`],
    ["a part behind", good + model("m")],
    ["blanks behind a boundary", good.replace(`${B}\r\n`, `${B} \r\n`)],
    ["bare line feeds", good.replaceAll("\r\n", "\n")],
    ["a boundary behind a bare line feed", file(`x\n${model("dear")}`) + good],
    ["a boundary behind a bare carriage return", file(`x\r${model("dear")}`) + good],
    ["a boundary before a bare line feed", file(`x\r\n--${B}\n${model("dear")}`) + good],
    ["a boundary right behind headers", `--${B}\r\nContent-Disposition: form-data; name="x"\r\n\r\n${good}`],
    ["no headers", `--${B}\r\n\r\nx\r\n${good}`],
    ["headers without an end", `--${B}\r\nContent-Disposition: form-data; name="model"\r\n${END}`],
    ["a huge header", part(`a: ${"x".repeat(600)}\r\nContent-Disposition: form-data; name="x"`, "") + good],
    ["a folded header", part('Content-Disposition: form-data;\r\n name="x"', "x") + good],
    [
      "two dispositions",
      part('Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="model"', "d") +
        good,
    ],
    ["a disposition with a blank", part('Content-Disposition : form-data; name="model"', "d") + good],
    [
      "an encoded model",
      part('Content-Disposition: form-data; name="model"\r\nContent-Transfer-Encoding: base64', "bQ==") + END,
    ],
    ["a model that is a file", disposition('name="model"; filename="m"')],
    ["a name without quotes", disposition("name=model")],
    ["an extended name", disposition("name*=utf-8''model")],
    ["two names", disposition('name="x"; name="model"')],
    ["a name in a file's", disposition('name="x"; filename="a"; name="model"') + good],
    ["a name with an escape", disposition('name="mod\\el"')],
    ["a name with a percent sign", disposition('name="mod%65l"')],
    ["a name with a blank", disposition('name="model "')],
    ["another boundary in its type", good, { type: "multipart/form-data; boundary=x" }],
    ["a longer boundary in its type", good, { type: `${TYPE}x` }],
    ["no boundary in its type", good, { type: "multipart/form-data" }],
    ["a boundary in another case", good, { type: `multipart/form-data; boundary=${B.toUpperCase()}` }],
    ["two boundaries", good, { type: `multipart/form-data; boundary=x; boundary=${B}` }],
    ["another parameter", good, { type: `${TYPE}; charset=utf-16` }],
    ["half a quote", good, { type: `multipart/form-data; boundary="${B}` }],
    ["an empty boundary", good.replaceAll(B, ""), { type: "multipart/form-data; boundary=" }],
    [
      "a boundary that is too long",
      good.replaceAll(B, "b".repeat(71)),
      { type: `multipart/form-data; boundary=${"b".repeat(71)}` },
    ],
    ["a boundary with a blank", good.replaceAll(B, "a b"), { type: 'multipart/form-data; boundary="a b"' }],
    ["another type", good, { type: `multipart/mixed; boundary=${B}` }],
    ["JSON's type", good, { type: "application/json" }],
    ["JSON in it", '{"model":"m"}'],
    ["its fields in its URL's form", "model=m", { type: "application/x-www-form-urlencoded" }],
  ])("does not know the model of a form with %s", async (_what, text, options) => {
    for (const pieces of [1, 3, Math.min(text.length, 3_000)])
      expect([pieces, await modelOf(text, { ...options, pieces })]).toEqual([pieces, ""]);
  });

  it("reads a form the same however it is cut, and never what is not there", async () => {
    const piece = fc.constantFrom(
      `--${B}`,
      "--",
      "\r\n",
      "\r",
      "\n",
      'Content-Disposition: form-data; name="model"',
      "m",
      "\r\n\r\n",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        async (texts, pieces) => {
          const text = `${model("m")}${texts.join("")}${END}`;
          const whole = await modelOf(text);
          expect(["", "m", 400]).toContain(whole);
          expect(await modelOf(text, { pieces })).toBe(whole);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("finds it in what clients send", async () => {
    const form = new FormData();
    form.set("file", new Blob(["RIFF"]), 'a"b.wav');
    form.set("model", "whisper-1");
    const sent = new Request("http://localhost/", { method: "POST", body: form });
    expect(await modelOf(await sent.text(), { type: sent.headers.get("content-type")! })).toBe("whisper-1");
  });
});
