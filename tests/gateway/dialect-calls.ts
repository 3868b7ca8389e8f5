/** One way of calling the fake LLM: in one dialect, streamed or not. */
export interface DialectCall {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  /** What the call consumes by the rule of the fake model. */
  readonly input: number;
  readonly output: number;
}

const INPUT = 5;
const OUTPUT = 7;
const SYSTEM = "one two";
const USER = "three four five";

const chat = {
  model: "m",
  messages: [
    { role: "system", content: SYSTEM },
    { role: "user", content: USER },
  ],
  max_tokens: OUTPUT,
};
const includeUsage = { stream: true, stream_options: { include_usage: true } };
const claude = {
  system: SYSTEM,
  messages: [{ role: "user", content: [{ type: "text", text: USER }] }],
  max_tokens: OUTPUT,
};
const gemini = {
  systemInstruction: { parts: [{ text: SYSTEM }] },
  contents: [{ role: "user", parts: [{ text: USER }] }],
  generationConfig: { maxOutputTokens: OUTPUT },
};
const converse = {
  system: [{ text: SYSTEM }],
  messages: [{ role: "user", content: [{ text: USER }] }],
  inferenceConfig: { maxTokens: OUTPUT },
};
const dashscope = { model: "m", input: { messages: chat.messages }, parameters: { max_tokens: OUTPUT } };
const ollama = { model: "m", messages: chat.messages, options: { num_predict: OUTPUT } };
const baidu = {
  system: SYSTEM,
  messages: [{ role: "user", content: USER }],
  max_output_tokens: OUTPUT,
};
const hunyuan = {
  Model: "m",
  Messages: [
    { Role: "system", Content: SYSTEM },
    { Role: "user", Content: USER },
  ],
  MaxTokens: OUTPUT,
};
const responses = {
  model: "m",
  instructions: SYSTEM,
  input: [{ role: "user", content: [{ type: "input_text", text: USER }] }],
  max_output_tokens: OUTPUT,
};
const completions = { model: "m", prompt: `${SYSTEM} ${USER}`, max_tokens: OUTPUT };

const CHAT = "/v1/chat/completions";
const GEMINI = "/v1beta/models/gemini-pro";
const VERTEX = "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-pro";
const BEDROCK = "/model/anthropic.claude%3A0";
const DASHSCOPE = "/api/v1/services/aigc/text-generation/generation";
const BAIDU = "/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/completions";
const as = (dialect: string) => ({ "x-fake-dialect": dialect });

const call = (
  name: string,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): DialectCall => ({ name, path, body, headers, input: INPUT, output: OUTPUT });

/** Every dialect, in every way in which it can be asked to answer. */
export const DIALECT_CALLS: readonly DialectCall[] = [
  call("openai-chat", CHAT, chat),
  call("openai-chat stream", CHAT, { ...chat, ...includeUsage }),
  call("openai-completions", "/v1/completions", completions),
  call("openai-completions stream", "/v1/completions", { ...completions, ...includeUsage }),
  call("openai-responses", "/v1/responses", responses),
  call("openai-responses stream", "/v1/responses", { ...responses, stream: true }),
  {
    ...call("openai-embeddings", "/v1/embeddings", { model: "m", input: [SYSTEM, USER] }),
    output: 0,
  },
  call("deepseek", CHAT, chat, as("deepseek")),
  call("deepseek stream", CHAT, { ...chat, stream: true }, as("deepseek")),
  call("moonshot", CHAT, chat, as("moonshot")),
  call("moonshot stream", CHAT, { ...chat, stream: true }, as("moonshot")),
  call("xai", CHAT, chat, as("xai")),
  call("xai stream", CHAT, { ...chat, stream: true }, as("xai")),
  call("groq", "/openai/v1/chat/completions", chat),
  call("groq stream", "/openai/v1/chat/completions", { ...chat, stream: true }),
  call("groq stream, usage twice", "/openai/v1/chat/completions", { ...chat, ...includeUsage }),
  call("anthropic", "/v1/messages", { model: "m", ...claude }),
  call("anthropic stream", "/v1/messages", { model: "m", ...claude, stream: true }),
  call("gemini", `${GEMINI}:generateContent`, gemini),
  call("gemini stream", `${GEMINI}:streamGenerateContent?alt=sse`, gemini),
  call("gemini array", `${GEMINI}:streamGenerateContent`, gemini),
  call("gemini vertex", `${VERTEX}:generateContent`, gemini),
  call("bedrock-converse", `${BEDROCK}/converse`, converse),
  call("bedrock-converse stream", `${BEDROCK}/converse-stream`, converse),
  call("bedrock-invoke", `${BEDROCK}/invoke`, claude),
  call("bedrock-invoke stream", `${BEDROCK}/invoke-with-response-stream`, claude),
  call("cohere", "/v2/chat", chat),
  call("cohere stream", "/v2/chat", { ...chat, stream: true }),
  call("dashscope", DASHSCOPE, dashscope),
  call("dashscope stream", DASHSCOPE, dashscope, { "x-dashscope-sse": "enable" }),
  call("ollama", "/api/chat", { ...ollama, stream: false }),
  call("ollama stream", "/api/chat", ollama),
  call("baidu", BAIDU, baidu),
  call("baidu stream", BAIDU, { ...baidu, stream: true }),
  call("baidu-2023 stream", BAIDU, { ...baidu, stream: true }, as("baidu-2023")),
  call("hunyuan", "/", hunyuan),
  call("hunyuan stream", "/", { ...hunyuan, Stream: true }),
];

/** @throws if there is no call of this name. */
export function dialectCall(name: string): DialectCall {
  const found = DIALECT_CALLS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no call ${name}`);
  return found;
}
