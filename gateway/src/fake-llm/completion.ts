import { createHash } from "node:crypto";

/** A request as the fake model reads it; what it does not know it ignores. */
export interface CompletionRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** `undefined`: the model stops by itself. */
  readonly maxTokens: number | undefined;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface Completion {
  readonly id: string;
  readonly model: string;
  /** One token each, with the space before it. */
  readonly tokens: readonly string[];
  readonly finishReason: "stop" | "length";
  readonly usage: Usage;
}

/** A request that OpenAI would refuse; `param` is the field at fault. */
export class InvalidRequest extends Error {
  constructor(
    message: string,
    readonly param: string | null,
  ) {
    super(message);
  }
}

/** Tokens of an answer without max_tokens. */
const NATURAL_LENGTH = 20;
const MAX_TOKENS = 100_000;
const WORDS = (
  "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor " +
  "incididunt ut labore et dolore magna aliqua"
).split(" ");

/** @throws InvalidRequest */
export function parseRequest(body: string): CompletionRequest {
  const json = parseJson(body);
  const { model, messages, stream, stream_options, max_tokens, max_completion_tokens } = json;
  if (typeof model !== "string") throw new InvalidRequest("you must provide a model parameter", "model");
  if (!Array.isArray(messages) || messages.length === 0)
    throw new InvalidRequest("'messages' must be a non-empty array", "messages");
  const maxTokens = max_completion_tokens ?? max_tokens ?? undefined;
  if (maxTokens !== undefined && !isTokenCount(maxTokens))
    throw new InvalidRequest(`'max_tokens' must be an integer from 1 to ${MAX_TOKENS}`, "max_tokens");
  return {
    model,
    messages: messages as CompletionRequest["messages"],
    stream: stream === true,
    includeUsage: (stream_options as { include_usage?: unknown } | undefined)?.include_usage === true,
    maxTokens,
  };
}

function parseJson(body: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new InvalidRequest("the body is not valid JSON", null);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new InvalidRequest("the body is not a JSON object", null);
  return json as Record<string, unknown>;
}

function isTokenCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TOKENS;
}

/**
 * The fake model. Its rule, so that a test can tell the counts beforehand:
 * - prompt tokens: the words of all messages, split at white space;
 * - completion tokens: exactly max_tokens (finish reason `length`), or 20 without it (`stop`);
 * - the text is lorem ipsum, one word a token; the id is a hash of the request.
 */
export function complete(request: CompletionRequest): Completion {
  const prompt = request.messages.map(({ content }) => textOf(content)).join(" ");
  const promptTokens = prompt.split(/\s+/).filter((word) => word !== "").length;
  const completionTokens = request.maxTokens ?? NATURAL_LENGTH;
  const tokens = Array.from({ length: completionTokens }, (_, i) => {
    const word = WORDS[i % WORDS.length] ?? "";
    return i === 0 ? word : ` ${word}`;
  });
  return {
    id: `chatcmpl-${createHash("sha1").update(JSON.stringify(request)).digest("hex").slice(0, 24)}`,
    model: request.model,
    tokens,
    finishReason: request.maxTokens === undefined ? "stop" : "length",
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}

/** The text of a message: a string, or the text parts of a list. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => String((part as { text?: unknown } | null)?.text ?? "")).join(" ");
}
