import { answer, thinking, type Completion, type TokenCounts } from "../completion.ts";
import { EVENT_STREAM } from "../event-stream.ts";
import { limitAt, messagesAt, objectAt, textOf } from "../fields.ts";
import type { WireEvent } from "../framings.ts";
import { BEDROCK_FAILURE, bedrockError, LATENCY, PADDING } from "./bedrock.ts";
import type { Dialect } from "./dialect.ts";

/** Bedrock Converse and ConverseStream (docs.aws.amazon.com, API_runtime_Converse, API_runtime_ConverseStream). */
export const BEDROCK_CONVERSE: Dialect = {
  name: "bedrock-converse",
  path: /^\/model\/(?<model>[^/]+)\/(?<method>converse|converse-stream)$/,
  error: bedrockError,
  read: ({ json, groups }) => ({
    model: groups["model"] ?? "",
    prompt: textOf([json["system"], messagesAt(json, "messages")]),
    maxTokens: limitAt(objectAt(json, "inferenceConfig"), "maxTokens"),
    reply: (completion) =>
      groups["method"] === "converse"
        ? { body: body(completion) }
        : { events: events(completion), framing: EVENT_STREAM, failure: BEDROCK_FAILURE },
  }),
};

/** TokenUsage: `inputTokens` excludes both kinds of cached tokens, the total does not; the cache has two names. */
function converseUsage(counts: TokenCounts | undefined): object | undefined {
  return (
    counts && {
      inputTokens: counts.input - counts.cacheRead - counts.cacheWrite,
      outputTokens: counts.output,
      totalTokens: counts.input + counts.output,
      cacheReadInputTokens: counts.cacheRead,
      cacheReadInputTokenCount: counts.cacheRead,
      cacheWriteInputTokens: counts.cacheWrite,
      cacheWriteInputTokenCount: counts.cacheWrite,
    }
  );
}

function stopReason(completion: Completion): string {
  return completion.finishReason === "stop" ? "end_turn" : "max_tokens";
}

function body(completion: Completion): object {
  const thought = thinking(completion);
  const reasoning = thought === undefined ? [] : [{ reasoningContent: { reasoningText: { text: thought } } }];
  return {
    metrics: { latencyMs: LATENCY },
    output: { message: { content: [...reasoning, { text: answer(completion) }], role: "assistant" } },
    stopReason: stopReason(completion),
    usage: converseUsage(completion.usage),
  };
}

/** The usage is in the last event, `metadata`. */
function events(completion: Completion): WireEvent[] {
  const { thoughts, tokens, usage } = completion;
  const blocks = [thoughts.map((text) => ({ reasoningContent: { text } })), tokens.map((text) => ({ text }))];
  return [
    event("messageStart", { role: "assistant" }),
    ...blocks
      .filter((deltas) => deltas.length > 0)
      .flatMap((deltas, contentBlockIndex) => [
        ...deltas.map((delta) => event("contentBlockDelta", { contentBlockIndex, delta })),
        event("contentBlockStop", { contentBlockIndex }),
      ]),
    event("messageStop", { stopReason: stopReason(completion) }),
    event("metadata", { metrics: { latencyMs: LATENCY }, usage: converseUsage(usage) }),
  ];
}

function event(name: string, members: object): WireEvent {
  return { name, data: { ...members, ...PADDING } };
}
