import type { Completion } from "./completion.ts";

// A constant, so that the same request always gets the same bytes.
const CREATED = 1_700_000_000;

/** The body of a response that is not streamed. */
export function completionBody(completion: Completion, withUsage: boolean): string {
  return JSON.stringify({
    id: completion.id,
    object: "chat.completion",
    created: CREATED,
    model: completion.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: completion.tokens.join("") },
        logprobs: null,
        finish_reason: completion.finishReason,
      },
    ],
    ...(withUsage ? { usage: completion.usage } : {}),
  });
}

/**
 * The events of a streamed response, each with its blank line: the role, a token each, the finish reason,
 * the usage if asked for (the other chunks then say `"usage":null`, as OpenAI's do), `[DONE]`.
 */
export function completionEvents(completion: Completion, withUsage: boolean): string[] {
  const chunk = (fields: object): string =>
    event({
      id: completion.id,
      object: "chat.completion.chunk",
      created: CREATED,
      model: completion.model,
      ...fields,
    });
  const choice = (delta: object, finishReason: string | null): string =>
    chunk({
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(withUsage ? { usage: null } : {}),
    });
  return [
    choice({ role: "assistant", content: "" }, null),
    ...completion.tokens.map((content) => choice({ content }, null)),
    choice({}, completion.finishReason),
    ...(withUsage ? [chunk({ choices: [], usage: completion.usage })] : []),
    "data: [DONE]\n\n",
  ];
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

export function modelsBody(models: readonly string[]): string {
  const data = models.map((id) => ({ id, object: "model", created: CREATED, owned_by: "fake-llm" }));
  return JSON.stringify({ object: "list", data });
}

/** OpenAI's error object. */
export function errorBody(message: string, type: string, param: string | null, code: string | null): string {
  return JSON.stringify({ error: { message, type, param, code } });
}
