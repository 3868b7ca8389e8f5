import { answer, type Completion, type TokenCounts } from "../completion.ts";
import { limitAt, messagesAt, modelAt } from "../fields.ts";
import { SSE, type WireEvent } from "../framings.ts";
import { FAILURE, type Dialect } from "./dialect.ts";

/** Cohere's POST /v2/chat (docs.cohere.com/reference/chat, chat-stream). Reasoning is not shown. */
export const COHERE: Dialect = {
  name: "cohere",
  path: /^\/v2\/chat$/,
  error: (_status, message) => ({ body: { message } }),
  read: ({ json }) => ({
    model: modelAt(json),
    prompt: messagesAt(json, "messages"),
    maxTokens: limitAt(json, "max_tokens"),
    reply: (completion) =>
      json["stream"] === true
        ? {
            events: events(completion),
            framing: SSE,
            failure: event("message-end", { delta: { finish_reason: "ERROR", error: FAILURE } }),
          }
        : { body: body(completion) },
  }),
};

/**
 * Usage (cohere-python, src/cohere/types/usage.py): `tokens` is what the model saw, `billed_units` what is paid for;
 * here, all but what came from the cache.
 */
function cohereUsage(counts: TokenCounts | undefined): object | undefined {
  return (
    counts && {
      billed_units: { input_tokens: counts.input - counts.cacheRead, output_tokens: counts.output },
      tokens: { input_tokens: counts.input, output_tokens: counts.output },
      cached_tokens: counts.cacheRead,
    }
  );
}

function finishReason(completion: Completion): string {
  return completion.finishReason === "stop" ? "COMPLETE" : "MAX_TOKENS";
}

function body(completion: Completion): object {
  return {
    id: completion.id,
    finish_reason: finishReason(completion),
    message: { role: "assistant", content: [{ type: "text", text: answer(completion) }] },
    usage: cohereUsage(completion.usage),
  };
}

/** The usage is in the last event but `[DONE]`, `message-end`. */
function events(completion: Completion): WireEvent[] {
  const content = (value: object): object => ({ delta: { message: { content: value } } });
  return [
    event("message-start", { id: completion.id, delta: { message: { role: "assistant", content: [] } } }),
    event("content-start", { index: 0, ...content({ type: "text", text: "" }) }),
    ...completion.tokens.map((text) => event("content-delta", { index: 0, ...content({ text }) })),
    event("content-end", { index: 0 }),
    event("message-end", {
      delta: { finish_reason: finishReason(completion), usage: cohereUsage(completion.usage) },
    }),
    { data: "[DONE]" },
  ];
}

function event(type: string, members: object): WireEvent {
  return { name: type, data: { type, ...members } };
}
