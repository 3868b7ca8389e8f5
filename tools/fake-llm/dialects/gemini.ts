import { answer, type Completion, type TokenCounts } from "../completion.ts";
import { limitAt, messagesAt, objectAt, textOf } from "../fields.ts";
import { JSON_ARRAY, SSE_CRLF, type WireEvent } from "../framings.ts";
import { FAILURE, type Dialect, type JsonReply } from "./dialect.ts";

/**
 * Gemini and Vertex (ai.google.dev/api/generate-content): `:generateContent`, and `:streamGenerateContent` as
 * server-sent events with `alt=sse`, else as a JSON array.
 */
export const GEMINI: Dialect = {
  name: "gemini",
  path: /^\/v1(?:beta1?)?\/(?:.+\/)?models\/(?<model>[^/:]+):(?<method>generateContent|streamGenerateContent)$/,
  error: geminiError,
  read: ({ json, groups, query }) => ({
    model: groups["model"] ?? "",
    prompt: textOf([objectAt(json, "systemInstruction"), messagesAt(json, "contents")]),
    maxTokens: limitAt(objectAt(json, "generationConfig"), "maxOutputTokens"),
    reply: (completion) =>
      groups["method"] === "generateContent"
        ? { body: body(completion) }
        : {
            events: events(completion),
            framing: query.get("alt") === "sse" ? SSE_CRLF : JSON_ARRAY,
            failure: { data: geminiError(503, FAILURE).body },
          },
  }),
};

const STATUSES: Readonly<Record<number, string>> = {
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  503: "UNAVAILABLE",
};

function geminiError(code: number, message: string): JsonReply {
  const status = STATUSES[code] ?? (code < 500 ? "INVALID_ARGUMENT" : "INTERNAL");
  return { body: { error: { code, message, status } } };
}

interface Part {
  readonly text: string;
  readonly thought?: true;
}

function chunk(completion: Completion, parts: Part[], isLast: boolean, usageMetadata?: object): object {
  return {
    candidates: [
      {
        content: { parts, role: "model" },
        finishReason: isLast ? finishReason(completion) : undefined,
        index: 0,
      },
    ],
    usageMetadata,
    modelVersion: completion.model,
    responseId: completion.id,
  };
}

function finishReason(completion: Completion): string {
  return completion.finishReason === "stop" ? "STOP" : "MAX_TOKENS";
}

/**
 * UsageMetadata (python-genai, google/genai/types.py): the thoughts are beside the candidates, the cached content is
 * inside the prompt, the total is the sum; what is 0 is left out.
 */
function usageMetadata(counts: TokenCounts | undefined, candidates: number, thoughts: number) {
  return (
    counts && {
      promptTokenCount: counts.input || undefined,
      candidatesTokenCount: candidates || undefined,
      totalTokenCount: counts.input + candidates + thoughts,
      cachedContentTokenCount: counts.cacheRead || undefined,
      thoughtsTokenCount: thoughts || undefined,
    }
  );
}

function body(completion: Completion): object {
  const { thoughts, tokens, usage } = completion;
  const thought: Part[] = thoughts.length > 0 ? [{ text: thoughts.join(""), thought: true }] : [];
  const parts = [...thought, { text: answer(completion) }];
  return chunk(completion, parts, true, usageMetadata(usage, tokens.length, thoughts.length));
}

/** Each chunk has the counts so far: the first of the answer's not yet its own, and a chunk of thoughts never any. */
function events(completion: Completion): WireEvent[] {
  const { thoughts, tokens, usage } = completion;
  const thinking = thoughts.map((text, i) =>
    chunk(completion, [{ text, thought: true }], false, usageMetadata(usage, 0, i + 1)),
  );
  const answering = tokens.map((text, i) =>
    chunk(completion, [{ text }], false, usageMetadata(usage, i, thoughts.length)),
  );
  const last = chunk(completion, [], true, usageMetadata(usage, tokens.length, thoughts.length));
  return [...thinking, ...answering, last].map((data) => ({ data }));
}
