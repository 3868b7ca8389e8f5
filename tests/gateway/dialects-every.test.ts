// What holds in every dialect of the fake LLM: usage can be left out, answers repeat, errors have the API's shape.
// Specified in tools/fake-llm/switches.ts; the shapes of errors in the providers' references.
import { describe, expect, it } from "vitest";
import { DIALECTS } from "../../tools/fake-llm/dialects/index.ts";
import { DIALECT_CALLS } from "./dialect-calls.ts";
import { ask, DETAILS, type Answer } from "./dialect-readers.ts";

it("every dialect is called here", () => {
  const called = new Set(DIALECT_CALLS.map(({ name }) => name.split(/[ ,]/)[0]));
  expect([...called].sort()).toEqual(DIALECTS.map(({ name }) => name).sort());
});

describe("in every dialect", () => {
  it.each(DIALECT_CALLS.map(({ name }) => name))("%s: the usage can be left out", async (name) => {
    const answer = await ask(name, { ...DETAILS, "x-fake-no-usage": "1" });
    const text = name.startsWith("bedrock-invoke") ? decoded(answer) : answer.text;
    expect(text.replaceAll('"usage":null', "")).not.toMatch(/usage|Usage|TokenCount|eval_count/);
    // Nor is there a chunk that was only there to report it.
    expect(text).not.toContain('"choices":[]');
    expect([...answer.headers.keys()].join()).not.toContain("token-count");
    expect(answer.status).toBe(200);
  });

  const decoded = (answer: Answer): string =>
    answer.text.replace(/"bytes":"([^"]+)"/g, (_, bytes: string) => Buffer.from(bytes, "base64").toString());

  it.each(DIALECT_CALLS.map(({ name }) => name))("%s: the same request gets the same bytes", async (name) => {
    const [first, second] = [await ask(name), await ask(name)];
    expect(first.bytes.equals(second.bytes)).toBe(true);
  });

  it.each([
    ["openai-chat", { error: { type: "rate_limit_error" } }],
    ["openai-responses", { error: { type: "rate_limit_error" } }],
    ["anthropic", { type: "error", error: { type: "rate_limit_error" } }],
    ["gemini", { error: { code: 429, status: "RESOURCE_EXHAUSTED" } }],
    ["bedrock-converse", { message: expect.any(String) }],
    ["cohere", { message: expect.any(String) }],
    ["dashscope", { code: "Throttling", message: expect.any(String) }],
    ["ollama", { error: expect.any(String) }],
  ])("%s: an error has its shape", async (name, shape) => {
    const answer = await ask(name, { "x-fake-error": "429" });
    expect(answer.status).toBe(429);
    expect(JSON.parse(answer.text)).toMatchObject(shape);
    if (name.startsWith("bedrock"))
      expect(answer.headers.get("x-amzn-errortype")).toBe("ThrottlingException");
    const openai = await ask(name, { "x-fake-error": "429", "x-fake-openai-errors": "1" });
    expect(JSON.parse(openai.text)).toMatchObject({ error: { type: "rate_limit_error", param: null } });
  });

  it.each([
    ["baidu", { error_code: expect.any(Number), error_msg: expect.any(String) }],
    ["hunyuan", { Response: { Error: { Code: "LimitExceeded", Message: expect.any(String) } } }],
  ])("%s: an error comes with status 200", async (name, shape) => {
    const answer = await ask(name, { "x-fake-error": "429" });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject(shape);
  });

  it.each([
    ["openai-chat stream", /\n\ndata: \{"error":\{[^\n]+\n\n$/],
    ["openai-completions stream", /\n\ndata: \{"error":\{[^\n]+\n\n$/],
    ["openai-responses stream", /\n\nevent: response\.failed\ndata: \{.*"status":"failed".*\n\n$/],
    ["anthropic stream", /\n\nevent: error\ndata: \{"type":"error".*overloaded_error.*\n\n$/],
    ["gemini stream", /\r\n\r\ndata: \{"error":.*UNAVAILABLE.*\r\n\r\n$/],
    ["gemini array", /\n,\r\n\{\n {2}"error": \{\n[^]*\n\}\n\]$/],
    [
      "bedrock-converse stream",
      /:exception-type\x07\x00\x19modelStreamErrorException[^]*exception\{"message/,
    ],
    ["bedrock-invoke stream", /:exception-type\x07\x00\x19modelStreamErrorException[^]*exception\{"message/],
    ["cohere stream", /\n\nevent: message-end\ndata: \{.*"finish_reason":"ERROR".*\n\n$/],
    ["dashscope stream", /\n\nid:3\nevent:error\n:HTTP_STATUS\/500\ndata:\{"code":"InternalError".*\n\n$/],
    ["ollama stream", /\}\n\{"error":".*\}\n$/],
    ["baidu stream", /\n\ndata: \{"error_code":\d+,"error_msg":.*\n\n$/],
    ["hunyuan stream", /\n\ndata: \{"ErrorMsg":\{.*\n\n$/],
  ])("%s: an error can come in the middle", async (name, end) => {
    const answer = await ask(name, { "x-fake-error-after": "2" });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(end);
  });
});
