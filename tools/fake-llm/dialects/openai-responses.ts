import { answer, type Completion } from "../completion.ts";
import { limitAt, modelAt, textOf } from "../fields.ts";
import { SSE, type WireEvent } from "../framings.ts";
import { CREATED, FAILURE, type Dialect } from "./dialect.ts";
import { openaiError } from "./openai.ts";

/**
 * POST /v1/responses (openai-node, src/resources/responses/responses.ts). In a stream the usage is in the last event,
 * `response.completed`, or `response.incomplete` if the limit was reached; no `[DONE]`.
 */
export const OPENAI_RESPONSES: Dialect = {
  name: "openai-responses",
  path: /^\/v1\/responses$/,
  error: openaiError,
  read: ({ json }) => ({
    model: modelAt(json),
    prompt: textOf([json["instructions"], json["input"]]),
    maxTokens: limitAt(json, "max_output_tokens"),
    reply: (completion) =>
      json["stream"] === true
        ? { events: events(completion), framing: SSE, failure: failure(completion) }
        : { body: finished(completion) },
  }),
};

function response(completion: Completion, status: string, members: object): object {
  return {
    id: `resp_${completion.id}`,
    object: "response",
    created_at: CREATED,
    status,
    error: null,
    incomplete_details: null,
    model: completion.model,
    output: [],
    usage: null,
    ...members,
  };
}

function finished(completion: Completion): object {
  const { finishReason, usage } = completion;
  const status = finishReason === "stop" ? "completed" : "incomplete";
  return response(completion, status, {
    incomplete_details: finishReason === "stop" ? null : { reason: "max_output_tokens" },
    output: [message(completion, status, [textPart(answer(completion))])],
    usage: usage && {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cacheRead },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.reasoning },
      total_tokens: usage.input + usage.output,
    },
  });
}

function itemId(completion: Completion): string {
  return `msg_${completion.id}`;
}

function message(completion: Completion, status: string, content: object[]): object {
  return { type: "message", id: itemId(completion), status, role: "assistant", content };
}

function textPart(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function events(completion: Completion): WireEvent[] {
  const started = response(completion, "in_progress", {});
  const status = completion.finishReason === "stop" ? "completed" : "incomplete";
  const text = answer(completion);
  const inItem = { output_index: 0 };
  const inPart = { item_id: itemId(completion), output_index: 0, content_index: 0 };
  const sequence: [type: string, members: object][] = [
    ["response.created", { response: started }],
    ["response.in_progress", { response: started }],
    ["response.output_item.added", { ...inItem, item: message(completion, "in_progress", []) }],
    ["response.content_part.added", { ...inPart, part: textPart("") }],
    ...completion.tokens.map((delta): [string, object] => [
      "response.output_text.delta",
      { ...inPart, delta, logprobs: [] },
    ]),
    ["response.output_text.done", { ...inPart, text, logprobs: [] }],
    ["response.content_part.done", { ...inPart, part: textPart(text) }],
    ["response.output_item.done", { ...inItem, item: message(completion, status, [textPart(text)]) }],
    [`response.${status}`, { response: finished(completion) }],
  ];
  return sequence.map(([type, members], sequence_number) => event(type, { sequence_number, ...members }));
}

function failure(completion: Completion): WireEvent {
  const failed = response(completion, "failed", { error: { code: "server_error", message: FAILURE } });
  return event("response.failed", { response: failed });
}

function event(type: string, members: object): WireEvent {
  return { name: type, data: { type, ...members } };
}
