// The fake LLM speaks OpenAI's protocol, and its token counts can be told from the request.
// platform.openai.com/docs/api-reference/chat; the rule of counting is in tools/fake-llm/completion.ts.
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import OpenAI from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import { startFakeLlm, type FakeLlmOptions } from "../../tools/fake-llm/server.ts";
import { send } from "./support.ts";

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
    expect(completion.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 });
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
    expect(chunks.map((chunk) => chunk.usage?.total_tokens)).toEqual([...Array(4).fill(undefined), 7]);
  });

  it("gets no usage in a stream that did not ask for it", async () => {
    const { client } = await start();
    const stream = await client.chat.completions.create({ ...request, stream: true });
    for await (const chunk of stream) expect(chunk).not.toHaveProperty("usage");
  });

  it("gets a response, whole and streamed", async () => {
    const { client } = await start();
    const ask = { model: "m", input: "one two three" };
    const response = await client.responses.create(ask);
    expect(response.output_text.split(" ")).toHaveLength(20);
    const events = [];
    for await (const event of await client.responses.create({ ...ask, stream: true })) events.push(event);
    expect(events.at(-1)).toMatchObject({
      type: "response.completed",
      response: { output: response.output, usage: response.usage },
    });
    expect(response.usage).toMatchObject({ input_tokens: 3, output_tokens: 20 });
  });

  it("gets embeddings", async () => {
    const { client } = await start();
    const { data, usage } = await client.embeddings.create({ model: "x", input: ["a b", "c"] });
    expect(data.map(({ embedding }) => embedding)).toEqual(Array(2).fill([0.25, -0.5, 0.125]));
    expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
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
    await expect(client.images.generate({ prompt: "y" })).rejects.toMatchObject({ status: 404 });
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

it.each(["/v1/chat", "/v1/chat/completions/", "/model/m/other", "/v1beta/models/m:countTokens"])(
  "knows no %s",
  async (path) => {
    const { url } = await start();
    const response = await send(url + path, post({}), JSON.stringify(request));
    expect(response.status).toBe(404);
    expect(JSON.parse(response.body)).toMatchObject({ error: { message: `no such route: POST ${path}` } });
  },
);

describe("languages", () => {
  const say = async (language: string, tokens: number, prompt: string): Promise<Completion> => {
    const { url } = await start();
    const body = { model: "m", messages: [{ role: "user", content: prompt }], max_tokens: tokens };
    const response = await send(
      completions(url),
      post({ "x-fake-language": language }),
      JSON.stringify(body),
    );
    return JSON.parse(response.body) as Completion;
  };
  type Completion = OpenAI.Chat.Completions.ChatCompletion;

  it.each(["english", "chinese", "japanese", "code"])(
    "%s: a token is one of o200k_base",
    async (language) => {
      for (const tokens of [40, 300]) {
        const { choices, usage } = await say(language, tokens, "x");
        expect(encode(choices[0]!.message.content!)).toHaveLength(tokens);
        expect(usage!.completion_tokens).toBe(tokens);
      }
    },
  );

  it.each([
    ["two words", 2],
    ["你好，世界", 5],
    ["東京はTokyoです", 6],
    ["if (x) { y(); }", 5],
    ["", 0],
  ])("counts %j as %d", async (prompt, tokens) => {
    expect((await say("lorem", 1, prompt)).usage!.prompt_tokens).toBe(tokens);
  });
});

it.each([
  [1023, 5_000, 400],
  [1024, 1_024, 400],
  [1024, 1_025, 200],
])(
  "answers a budget for thinking of %d of %d tokens with %d, as Anthropic does",
  async (budget, cap, status) => {
    const { url } = await start();
    const thinking = { type: "enabled", budget_tokens: budget };
    const body = { model: "m", max_tokens: cap, thinking, messages: [{ role: "user", content: "a" }] };
    const response = await send(`${url}/v1/messages`, post({}), JSON.stringify(body));
    expect(response.status).toBe(status);
  },
);

it("has no more details than tokens", async () => {
  const { url } = await start({ cacheRead: 3, cacheWrite: 9, reasoning: 99 });
  const body = { max_tokens: 4, messages: [{ role: "user", content: "a b c d" }], model: "m" };
  const response = await send(`${url}/v1/messages`, post({}), JSON.stringify(body));
  expect(JSON.parse(response.body)).toMatchObject({
    content: [{ thinking: "lorem ipsum dolor sit" }, { text: "" }],
    usage: {
      input_tokens: 0,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 1,
      output_tokens: 4,
    },
  });
});
