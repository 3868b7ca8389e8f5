import type { Completion, TokenCounts } from "../completion.ts";
import { EVENT_STREAM } from "../event-stream.ts";
import { limitAt } from "../fields.ts";
import type { WireEvent } from "../framings.ts";
import { anthropicBody, anthropicEvents, anthropicPrompt } from "./anthropic.ts";
import { BEDROCK_FAILURE, bedrockError, LATENCY, PADDING } from "./bedrock.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Bedrock InvokeModel and InvokeModelWithResponseStream with a Claude model (docs.aws.amazon.com,
 * API_runtime_InvokeModel): Anthropic's bodies, and its events in base64.
 */
export const BEDROCK_INVOKE: Dialect = {
  name: "bedrock-invoke",
  path: /^\/model\/(?<model>[^/]+)\/(?<method>invoke|invoke-with-response-stream)$/,
  error: bedrockError,
  read: ({ json, groups }) => ({
    model: groups["model"] ?? "",
    prompt: anthropicPrompt(json),
    maxTokens: limitAt(json, "max_tokens"),
    reply: (completion) =>
      groups["method"] === "invoke"
        ? { body: anthropicBody(completion), headers: countHeaders(completion.usage) }
        : { events: events(completion), framing: EVENT_STREAM, failure: BEDROCK_FAILURE },
  }),
};

function uncached(counts: TokenCounts): number {
  return counts.input - counts.cacheRead - counts.cacheWrite;
}

/** Bedrock's own counts, which for some models are the only ones. */
function countHeaders(counts: TokenCounts | undefined): Record<string, string> {
  if (counts === undefined) return {};
  return {
    "x-amzn-bedrock-input-token-count": String(uncached(counts)),
    "x-amzn-bedrock-output-token-count": String(counts.output),
  };
}

/** Without event names, which stand in Anthropic's data as well; the last event has Bedrock's own counts beside it. */
function events(completion: Completion): WireEvent[] {
  const inner = anthropicEvents(completion).filter(({ name }) => name !== "ping");
  return inner.map((event, i) => {
    const isLast = i === inner.length - 1;
    return chunk({ ...event.data, ...(isLast ? metrics(completion.usage) : {}) });
  });
}

function chunk(data: object): WireEvent {
  const bytes = Buffer.from(JSON.stringify(data)).toString("base64");
  return { name: "chunk", data: { bytes, ...PADDING } };
}

function metrics(counts: TokenCounts | undefined): object {
  if (counts === undefined) return {};
  return {
    "amazon-bedrock-invocationMetrics": {
      inputTokenCount: uncached(counts),
      outputTokenCount: counts.output,
      invocationLatency: LATENCY,
      firstByteLatency: LATENCY / 2,
      cacheReadInputTokenCount: counts.cacheRead,
      cacheWriteInputTokenCount: counts.cacheWrite,
    },
  };
}
