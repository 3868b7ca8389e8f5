import type { TokenCounts } from "../completion.ts";
import type { JsonReply } from "./dialect.ts";

/** OpenAI's error object. */
export function openaiError(status: number, message: string, param: string | null): JsonReply {
  return { body: { error: { message, type: errorType(status), param, code: null } } };
}

function errorType(status: number): string {
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

/**
 * CompletionUsage (openai-node, src/resources/completions.ts): the cached tokens are inside the prompt, the reasoning
 * inside the completion.
 */
export function openaiUsage(usage: TokenCounts | undefined): object | undefined {
  return (
    usage && {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cacheRead },
      completion_tokens_details: { reasoning_tokens: usage.reasoning },
    }
  );
}
