// Contract of assembly/request/api and model-family: which API a path leads to, and which cap a model takes.
import { beforeAll, describe, expect, it } from "vitest";
import { API_NAMES, type Caps, loadCaps, PATHS } from "./output-caps.ts";

let caps: Caps;
beforeAll(async () => {
  caps = await loadCaps();
});

describe("the API of a path", () => {
  it.each(API_NAMES.map((name) => [name, PATHS[name]]))("is %s: %s", (name, path) => {
    expect(caps.apiOf(path)).toBe(name);
  });

  it.each([
    ["chat", "/openai/deployments/gpt/chat/completions?api-version=1"],
    ["chat", "/compatible-mode/v1/chat/completions/"],
    ["chat", "//v1//Chat/%43ompletions"],
    ["chat", "/v1/chat/completions;x=1"],
    ["completions", "/v1/fim/completions"],
    ["responses", "/openai/v1/responses"],
    ["messages", "/anthropic/v1/messages?beta=true"],
    ["messages", "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict"],
    ["gemini", "/v1/projects/p/locations/l/publishers/google/models/gemini:streamGenerateContent?alt=sse"],
    ["gemini", "/v1beta/models/gemini%3AgenerateContent"],
    ["ollama", "/api/generate"],
    ["converse", "/model/nova/converse-stream"],
    ["cohere", "/v1/chat"],
    ["noOutput", "/v1/rerank"],
    ["noOutput", "/v1beta/models/e:embedContent"],
    ["noOutput", "/v1/embeddings?x=/chat/completions"],
    ["chat", "/v1/chat/completions?x=/embeddings"],
    ["unknown", "/model/m/invoke?x=/embeddings"],
    ["ambiguous", "/model/m/invoke#/embeddings"],
    ["ambiguous", "/v1/chat/completions%23/embeddings"],
    ["ambiguous", "/model/m/invoke%3Fx=/embeddings"],
    ["ambiguous", "/model/m/invoke%253Fx=/embeddings"],
    ["ambiguous", "/v1/embeddings%00/x"],
    ["ambiguous", "/v1/chat/completions/..%2f..%2fembeddings"],
    ["unknown", "/v1/threads/t/messages"],
    ["unknown", "/model/m/invoke"],
    ["unknown", "/"],
    ["unknown", ""],
  ])("is %s: %s", (name, path) => {
    expect(caps.apiOf(path)).toBe(name);
  });
});

describe("the cap that a model takes", () => {
  it.each([
    "o1",
    "o3-mini",
    "O4-mini-high",
    "openai/o3",
    "gpt-5",
    "gpt-5.1",
    "GPT-5-nano",
    "a/b/gpt-6",
    "o9",
  ])("is max_completion_tokens: %s", (model) => {
    expect(caps.familyOf(model)).toBe("newer");
  });

  it.each([
    "gpt-4o",
    "gpt-4.1",
    "gpt-35-turbo",
    "chatgpt-4o-latest",
    "prod-GPT5",
    "gpt-",
    "ft:gpt-4o:a",
    "gpt-5/gpt",
  ])("is either of them: %s", (model) => {
    expect(caps.familyOf(model)).toBe("gpt");
  });

  it.each(["gpt-oss-120b", "x/GPT-OSS:20b", "llama3", "gp", "o", "o1x", "olmo", "", "o3/llama", "/"])(
    "is max_tokens, and the other may be ignored: %s",
    (model) => {
      expect(caps.familyOf(model)).toBe("other");
    },
  );
});
