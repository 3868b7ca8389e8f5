import { modelAt, textOf } from "../fields.ts";
import type { Dialect } from "./dialect.ts";
import { openaiError } from "./openai.ts";

const VECTOR = [0.25, -0.5, 0.125];

/** POST /v1/embeddings (platform.openai.com/docs/api-reference/embeddings): a prompt, and nothing generated. */
export const OPENAI_EMBEDDINGS: Dialect = {
  name: "openai-embeddings",
  path: /^\/v1\/embeddings$/,
  error: openaiError,
  read: ({ json }) => {
    const inputs = [json["input"]].flat();
    const embedding = json["encoding_format"] === "base64" ? base64(VECTOR) : VECTOR;
    return {
      model: modelAt(json),
      prompt: textOf(inputs),
      maxTokens: 0,
      reply: ({ model, usage }) => ({
        body: {
          object: "list",
          data: inputs.map((_, index) => ({ object: "embedding", index, embedding })),
          model,
          usage: usage && { prompt_tokens: usage.input, total_tokens: usage.input },
        },
      }),
    };
  },
};

/** 32-bit floats, as the official clients ask for them. */
function base64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}
