import { answer, thinking, type Completion, type TokenCounts } from "../completion.ts";
import { limitAt, messagesAt, modelAt, objectAt } from "../fields.ts";
import { SSE, type WireEvent } from "../framings.ts";
import { CREATED, FAILURE, type Dialect } from "./dialect.ts";
import { openaiError, openaiUsage } from "./openai.ts";

/** How a provider's chat completions differ from another's. */
export interface ChatVariant {
  readonly name: string;
  readonly path?: RegExp;
  /** Whether clients see the reasoning, as `reasoning_content`. */
  readonly showsReasoning?: boolean;
  /** The usage object; OpenAI's unless told. */
  readonly usage?: (counts: TokenCounts) => object;
  /** Members of a body that is not streamed, beside OpenAI's. */
  readonly body?: (id: string) => object;
  /** Where a stream has its usage. */
  readonly stream: (stream: ChatStream) => UsagePlaces;
}

export interface ChatStream {
  readonly id: string;
  /** `undefined`: not to be reported. */
  readonly usage: object | undefined;
  /** Whether the request set `stream_options.include_usage`. */
  readonly includeUsage: boolean;
}

/** What stands in a stream beside ids and text. */
export interface UsagePlaces {
  /** Members of each chunk with a choice but the last. */
  readonly chunk?: object;
  /** Members of the chunk with the finish reason. */
  readonly finishChunk?: object;
  /** Members of the choice in it. */
  readonly finishChoice?: object;
  /** Members of one more chunk after it, which has no choices. */
  readonly lastChunk?: object;
}

export const CHAT_PATH = /^\/v1\/chat\/completions$/;

/** A dialect of POST /v1/chat/completions (platform.openai.com/docs/api-reference/chat). */
export function chatDialect(variant: ChatVariant): Dialect {
  return {
    name: variant.name,
    path: variant.path ?? CHAT_PATH,
    error: openaiError,
    read: ({ json }) => ({
      model: modelAt(json),
      prompt: messagesAt(json, "messages"),
      maxTokens: limitAt(json, "max_completion_tokens", "max_tokens"),
      reply: (completion) => {
        const usage = completion.usage && (variant.usage ?? openaiUsage)(completion.usage);
        if (json["stream"] !== true) return { body: chatBody(completion, usage, variant) };
        const id = idOf(completion);
        const includeUsage = objectAt(json, "stream_options")["include_usage"] === true;
        const places = variant.stream({ id, usage, includeUsage });
        return {
          events: chatEvents(completion, places, variant.showsReasoning === true),
          framing: SSE,
          failure: { data: openaiError(500, FAILURE, null).body },
        };
      },
    }),
  };
}

function idOf(completion: Completion): string {
  return `chatcmpl-${completion.id}`;
}

function chatBody(completion: Completion, usage: object | undefined, variant: ChatVariant): object {
  const reasoning = variant.showsReasoning ? thinking(completion) : undefined;
  return {
    id: idOf(completion),
    object: "chat.completion",
    created: CREATED,
    model: completion.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", reasoning_content: reasoning, content: answer(completion) },
        logprobs: null,
        finish_reason: completion.finishReason,
      },
    ],
    usage,
    ...variant.body?.(idOf(completion)),
  };
}

/** The role, a token each, the finish reason, what comes after it, `[DONE]`. */
function chatEvents(completion: Completion, places: UsagePlaces, showsReasoning: boolean): WireEvent[] {
  const chunk = (members: object): WireEvent => ({
    data: {
      id: idOf(completion),
      object: "chat.completion.chunk",
      created: CREATED,
      model: completion.model,
      ...members,
    },
  });
  const choice = (delta: object): WireEvent =>
    chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: null }], ...places.chunk });
  const finish = { index: 0, delta: {}, logprobs: null, finish_reason: completion.finishReason };
  return [
    choice({ role: "assistant", content: "" }),
    ...(showsReasoning ? completion.thoughts : []).map((text) => choice({ reasoning_content: text })),
    ...completion.tokens.map((content) => choice({ content })),
    chunk({ choices: [{ ...finish, ...places.finishChoice }], ...places.finishChunk }),
    ...(places.lastChunk === undefined ? [] : [chunk({ choices: [], ...places.lastChunk })]),
    { data: "[DONE]" },
  ];
}
