import { answer, thinking, type Completion, type TokenCounts } from "../completion.ts";
import { InvalidRequest, limitAt, messagesAt, modelAt, objectAt, textOf, type Json } from "../fields.ts";
import { SSE, type WireEvent } from "../framings.ts";
import { FAILURE, type Dialect, type JsonReply } from "./dialect.ts";

/** POST /v1/messages (anthropic-sdk-typescript, src/resources/messages/messages.ts). */
export const ANTHROPIC: Dialect = {
  name: "anthropic",
  path: /^\/v1\/messages$/,
  error: anthropicError,
  read: ({ json }) => ({
    model: modelAt(json),
    prompt: anthropicPrompt(json),
    maxTokens: maxTokensAt(json),
    reply: (completion) =>
      json["stream"] === true
        ? {
            events: anthropicEvents(completion),
            framing: SSE,
            failure: { name: "error", data: anthropicError(529, FAILURE).body },
          }
        : { body: anthropicBody(completion) },
  }),
};

/** @throws InvalidRequest without messages. */
export function anthropicPrompt(json: Json): string {
  return textOf([json["system"], messagesAt(json, "messages")]);
}

/** @throws InvalidRequest for a budget for thinking that is too small, or not below the limit. */
function maxTokensAt(json: Json): number | undefined {
  const limit = limitAt(json, "max_tokens");
  const thinking = objectAt(json, "thinking");
  if (thinking["type"] !== "enabled") return limit;
  const budget = limitAt(thinking, "budget_tokens") ?? 0;
  const name = "thinking.enabled.budget_tokens";
  if (budget < LEAST_BUDGET)
    throw new InvalidRequest(`${name}: Input should be greater than or equal to ${LEAST_BUDGET}`, name);
  if (limit !== undefined && budget >= limit)
    throw new InvalidRequest(`\`max_tokens\` must be greater than \`thinking.budget_tokens\``, name);
  return limit;
}

const LEAST_BUDGET = 1024;

const ERROR_TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

function anthropicError(status: number, message: string): JsonReply {
  const type = ERROR_TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { body: { type: "error", error: { type, message } } };
}

/** `input_tokens` excludes both kinds of cached tokens. */
function inputUsage(counts: TokenCounts): object {
  return {
    input_tokens: counts.input - counts.cacheRead - counts.cacheWrite,
    cache_creation_input_tokens: counts.cacheWrite,
    cache_read_input_tokens: counts.cacheRead,
  };
}

function message(completion: Completion, members: object): object {
  return {
    id: `msg_${completion.id}`,
    type: "message",
    role: "assistant",
    model: completion.model,
    ...members,
  };
}

function stopReason(completion: Completion): string {
  return completion.finishReason === "stop" ? "end_turn" : "max_tokens";
}

const SIGNATURE = "ZmFrZQ==";

export function anthropicBody(completion: Completion): object {
  const { usage } = completion;
  const thought = thinking(completion);
  return message(completion, {
    content: [
      ...(thought === undefined ? [] : [{ type: "thinking", thinking: thought, signature: SIGNATURE }]),
      { type: "text", text: answer(completion) },
    ],
    stop_reason: stopReason(completion),
    stop_sequence: null,
    usage: usage && { ...inputUsage(usage), output_tokens: usage.output },
  });
}

/** Its name is in its data as well. */
export interface AnthropicEvent extends WireEvent {
  readonly name: string;
  readonly data: object;
}

/**
 * `message_start` has the input, and a placeholder as output; `message_delta` has all of it, as a running total. Each
 * block of content has its start, deltas and stop; a `ping` comes after the first start.
 */
export function anthropicEvents(completion: Completion): AnthropicEvent[] {
  const { usage } = completion;
  const blocks = [
    { start: { type: "thinking", thinking: "", signature: "" }, deltas: thinkingDeltas(completion) },
    {
      start: { type: "text", text: "" },
      deltas: completion.tokens.map((text) => ({ type: "text_delta", text })),
    },
  ].filter(({ start, deltas }) => start.type === "text" || deltas.length > 0);
  return [
    event("message_start", {
      message: message(completion, {
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: usage && { ...inputUsage(usage), output_tokens: 1 },
      }),
    }),
    ...blocks.flatMap(({ start, deltas }, index) => [
      event("content_block_start", { index, content_block: start }),
      ...(index === 0 ? [event("ping", {})] : []),
      ...deltas.map((delta) => event("content_block_delta", { index, delta })),
      event("content_block_stop", { index }),
    ]),
    event("message_delta", {
      delta: { stop_reason: stopReason(completion), stop_sequence: null },
      usage: usage && { ...inputUsage(usage), output_tokens: usage.output },
    }),
    event("message_stop", {}),
  ];
}

function thinkingDeltas({ thoughts }: Completion): object[] {
  if (thoughts.length === 0) return [];
  const deltas = thoughts.map((thinking) => ({ type: "thinking_delta", thinking }));
  return [...deltas, { type: "signature_delta", signature: SIGNATURE }];
}

function event(type: string, members: object): AnthropicEvent {
  return { name: type, data: { type, ...members } };
}
