import { chatDialect, type ChatStream, type UsagePlaces } from "./chat.ts";

/**
 * Groq (console.groq.com/docs/api-reference): in a stream, `x_groq.usage` of the chunk with the finish reason; with
 * `include_usage` at the top level of one more chunk as well, which repeats it.
 */
export const GROQ = chatDialect({
  name: "groq",
  path: /^\/openai\/v1\/chat\/completions$/,
  body: (id) => ({ x_groq: { id: requestId(id) } }),
  stream: groqPlaces,
});

function groqPlaces({ id, usage, includeUsage }: ChatStream): UsagePlaces {
  const x_groq = { id: requestId(id), usage };
  const repeats = usage !== undefined && includeUsage;
  return { finishChunk: { x_groq }, ...(repeats ? { lastChunk: { usage, x_groq } } : {}) };
}

function requestId(id: string): string {
  return id.replace("chatcmpl-", "req_");
}
