import { chatDialect } from "./chat.ts";

/**
 * OpenAI (openai-node, src/resources/chat/completions/completions.ts): only with `include_usage`, in a chunk of its own
 * after the finish reason; all chunks before it say `"usage":null`.
 */
export const OPENAI_CHAT = chatDialect({
  name: "openai-chat",
  stream: ({ usage, includeUsage }) =>
    usage !== undefined && includeUsage
      ? { chunk: { usage: null }, finishChunk: { usage: null }, lastChunk: { usage } }
      : {},
});
