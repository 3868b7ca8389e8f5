// The fake LLM speaks OpenAI's protocol, and its token counts can be told from the request.
// platform.openai.com/docs/api-reference/chat; the rule of counting is in fake-llm/completion.ts.
import OpenAI from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import { startFakeLlm, type FakeLlmOptions } from "../../gateway/src/index.ts";
import { open, send } from "./support.ts";

async function start(options?: FakeLlmOptions): Promise<{ url: string; client: OpenAI }> {
  const { url, close } = await startFakeLlm(options);
  onTestFinished(close);
  return { url, client: new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 }) };
}

const request = {
  model: "fake-model",
  messages: [
    { role: "system" as const, content: "be brief" },
    { role: "user" as const, content: " three  more words\n" },
  ],
};
const completions = (url: string): string => `${url}/v1/chat/completions`;
const post = (headers: Record<string, string>) => ({ method: "POST", headers });

describe("the official client", () => {
  it("gets a completion with the words counted", async () => {
    const { client } = await start();
    const completion = await client.chat.completions.create({ ...request, max_tokens: 3 });
    expect(completion.choices[0]).toMatchObject({
      message: { role: "assistant", content: "lorem ipsum dolor" },
      finish_reason: "length",
    });
    expect(completion.usage).toEqual({ prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 });
  });

  it("gets 20 tokens without max_tokens", async () => {
    const { client } = await start();
    const completion = await client.chat.completions.create(request);
    expect(completion.usage?.completion_tokens).toBe(20);
    expect(completion.choices[0]?.finish_reason).toBe("stop");
  });

  it("gets a stream with the usage in its last chunk", async () => {
    const { client } = await start();
    const stream = await client.chat.completions.create({
      ...request,
      max_completion_tokens: 2,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("lorem ipsum");
    expect(chunks.map((chunk) => chunk.usage)).toEqual([
      null,
      null,
      null,
      null,
      { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    ]);
  });

  it("gets no usage in a stream that did not ask for it", async () => {
    const { client } = await start();
    const stream = await client.chat.completions.create({ ...request, stream: true });
    for await (const chunk of stream) expect(chunk).not.toHaveProperty("usage");
  });

  it("lists models", async () => {
    const { client } = await start();
    expect((await client.models.list()).data.map(({ id }) => id)).toContain("fake-model");
  });

  it("gets OpenAI's error objects", async () => {
    const { client } = await start();
    const invalid = client.chat.completions.create({ ...request, max_tokens: -1 });
    await expect(invalid).rejects.toMatchObject({
      status: 400,
      type: "invalid_request_error",
      param: "max_tokens",
    });
    await expect(client.embeddings.create({ model: "x", input: "y" })).rejects.toMatchObject({ status: 404 });
  });
});

it("counts the text parts of a message in parts", async () => {
  const { url } = await start();
  const content = [
    { type: "text", text: "a b" },
    { type: "image_url", image_url: {} },
    { type: "text", text: "c" },
  ];
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
  expect(JSON.parse((await send(completions(url), post({}), body)).body)).toMatchObject({
    usage: { prompt_tokens: 3 },
  });
});

it("answers the same request with the same bytes", async () => {
  const { url } = await start();
  const [first, second] = await Promise.all(
    [1, 2].map(() => send(completions(url), post({}), JSON.stringify(request))),
  );
  expect(first?.body).toBe(second?.body);
});

it.each(["{", "[]", "{}", '{"model":"m"}', '{"model":"m","messages":[]}'])("refuses %j", async (body) => {
  const { url } = await start();
  const response = await send(completions(url), post({}), body);
  expect(response.status).toBe(400);
  expect(JSON.parse(response.body)).toMatchObject({ error: { type: "invalid_request_error" } });
});

describe("switches", () => {
  const stream = JSON.stringify({ ...request, stream: true, stream_options: { include_usage: true } });

  it("fail on demand", async () => {
    const { url } = await start();
    const response = await send(completions(url), post({ "x-fake-error": "503" }), stream);
    expect(response.status).toBe(503);
    expect(JSON.parse(response.body)).toMatchObject({ error: { type: "server_error" } });
  });

  it("leave the usage out", async () => {
    const { url } = await start();
    const noUsage = post({ "x-fake-no-usage": "1" });
    expect((await send(completions(url), noUsage, stream)).body).not.toContain("usage");
    expect((await send(completions(url), noUsage, JSON.stringify(request))).body).not.toContain("usage");
  });

  it("cut a stream after some events", async () => {
    const { url } = await start();
    const response = await open(completions(url), post({ "x-fake-abort-after": "2" }), (r) => r.end(stream));
    let text = "";
    const read = async (): Promise<void> => {
      for await (const chunk of response) text += String(chunk);
    };
    await expect(read()).rejects.toThrow("aborted");
    expect(text.match(/^data:/gm)).toHaveLength(2);
  });

  it("cut a JSON body in the middle", async () => {
    const { url } = await start();
    const pending = send(completions(url), post({ "x-fake-abort-after": "0" }), JSON.stringify(request));
    await expect(pending).rejects.toThrow("aborted");
  });

  it("may be set for every request, and a header wins", async () => {
    const { url } = await start({ error: 500, delayMs: 1 });
    expect((await send(completions(url), post({}), stream)).status).toBe(500);
    expect((await send(completions(url), post({ "x-fake-error": "418" }), stream)).status).toBe(418);
  });

  it("delay", async () => {
    const { url } = await start();
    const began = performance.now();
    await send(completions(url), post({ "x-fake-delay-ms": "30" }), JSON.stringify(request));
    expect(performance.now() - began).toBeGreaterThanOrEqual(29);
  });
});
