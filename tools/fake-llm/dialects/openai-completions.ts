import { answer, type Completion } from "../completion.ts";
import { limitAt, modelAt, objectAt, textOf } from "../fields.ts";
import { SSE, type WireEvent } from "../framings.ts";
import { CREATED, FAILURE, type Dialect } from "./dialect.ts";
import { openaiError, openaiUsage } from "./openai.ts";

/** The older POST /v1/completions (platform.openai.com/docs/api-reference/completions); usage as in chat. */
export const OPENAI_COMPLETIONS: Dialect = {
  name: "openai-completions",
  path: /^\/v1\/completions$/,
  error: openaiError,
  read: ({ json }) => ({
    model: modelAt(json),
    prompt: textOf(json["prompt"]),
    maxTokens: limitAt(json, "max_tokens"),
    reply: (completion) => {
      if (json["stream"] !== true) return { body: body(completion) };
      const includeUsage = objectAt(json, "stream_options")["include_usage"] === true;
      return {
        events: events(completion, includeUsage && completion.usage !== undefined),
        framing: SSE,
        failure: { data: openaiError(500, FAILURE, null).body },
      };
    },
  }),
};

function head(completion: Completion): object {
  return {
    id: `cmpl-${completion.id}`,
    object: "text_completion",
    created: CREATED,
    model: completion.model,
  };
}

function body(completion: Completion): object {
  const { finishReason } = completion;
  return {
    ...head(completion),
    choices: [{ text: answer(completion), index: 0, logprobs: null, finish_reason: finishReason }],
    usage: openaiUsage(completion.usage),
  };
}

function events(completion: Completion, withUsage: boolean): WireEvent[] {
  const chunk = (text: string, finishReason: string | null): WireEvent => ({
    data: {
      ...head(completion),
      choices: [{ text, index: 0, logprobs: null, finish_reason: finishReason }],
      ...(withUsage ? { usage: null } : {}),
    },
  });
  const last = { data: { ...head(completion), choices: [], usage: openaiUsage(completion.usage) } };
  return [
    ...completion.tokens.map((token) => chunk(token, null)),
    chunk("", completion.finishReason),
    ...(withUsage ? [last] : []),
    { data: "[DONE]" },
  ];
}
