import { answer, thinking, type Completion } from "../completion.ts";
import { limitAt, messagesAt, modelAt, objectAt } from "../fields.ts";
import { NDJSON, type WireEvent } from "../framings.ts";
import { CREATED_AT, FAILURE, type Dialect } from "./dialect.ts";

/** Ollama's POST /api/chat (ollama, docs/api.md): streamed unless told otherwise, a line a token. */
export const OLLAMA: Dialect = {
  name: "ollama",
  path: /^\/api\/chat$/,
  error: (_status, error) => ({ body: { error } }),
  read: ({ json }) => ({
    model: modelAt(json),
    prompt: messagesAt(json, "messages"),
    maxTokens: limitAt(objectAt(json, "options"), "num_predict"),
    reply: (completion) =>
      json["stream"] === false
        ? { body: last(completion, answer(completion), thinking(completion)) }
        : { events: events(completion), framing: NDJSON, failure: { data: { error: FAILURE } } },
  }),
};

function line(completion: Completion, content: string, reasoning: string | undefined, members: object) {
  return {
    model: completion.model,
    created_at: CREATED_AT,
    message: { role: "assistant", content, thinking: reasoning },
    ...members,
  };
}

/** The counts stand at the top of the last line; the number of tokens of the prompt is left out if it is 0. */
function last(completion: Completion, content: string, reasoning: string | undefined): object {
  const { usage } = completion;
  return line(completion, content, reasoning, {
    done: true,
    done_reason: completion.finishReason,
    total_duration: 500_000_000,
    load_duration: 100_000_000,
    prompt_eval_count: usage?.input || undefined,
    prompt_eval_duration: 100_000_000,
    eval_count: usage?.output,
    eval_duration: 300_000_000,
  });
}

function events(completion: Completion): WireEvent[] {
  return [
    ...completion.thoughts.map((thought) => line(completion, "", thought, { done: false })),
    ...completion.tokens.map((token) => line(completion, token, undefined, { done: false })),
    last(completion, "", undefined),
  ].map((data) => ({ data }));
}
