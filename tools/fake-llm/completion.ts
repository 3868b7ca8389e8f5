import { createHash } from "node:crypto";
import { piecesOf, type Language } from "./languages.ts";

/** What the fake model is asked, whatever API asked it. */
export interface ModelRequest {
  readonly model: string;
  /** All text of the request. */
  readonly prompt: string;
  /** Tokens to generate; `undefined`: the model stops by itself. */
  readonly maxTokens: number | undefined;
}

/** How the model is to count and speak, from the switches. */
export interface ModelOptions {
  readonly language: Language;
  readonly inputTokens: number | undefined;
  readonly naturalTokens: number | undefined;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
  readonly noUsage: boolean;
}

/** What a call consumed: each token once, in `input` or in `output`. */
export interface TokenCounts {
  /** All tokens of the prompt, `cacheRead` and `cacheWrite` among them. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** All generated tokens, `reasoning` among them. */
  readonly output: number;
  readonly reasoning: number;
}

export interface Completion {
  /** 24 hex digits. */
  readonly id: string;
  readonly model: string;
  /** The reasoning before the answer, a token each. */
  readonly thoughts: readonly string[];
  /** The answer, a token each. */
  readonly tokens: readonly string[];
  readonly finishReason: "stop" | "length";
  /** `undefined`: usage is not to be reported. */
  readonly usage: TokenCounts | undefined;
}

/** Tokens of an answer without a limit. */
const NATURAL_LENGTH = 20;

// A Chinese, Japanese or Korean character, or a run of anything else but white space.
const CJK = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}`;
const PROMPT_TOKEN = new RegExp(String.raw`[${CJK}]|[^\s${CJK}]+`, "gu");

/**
 * The fake model. Its rule, so that a test can tell the counts beforehand, the same in every dialect:
 * - input: the words of all text in the request, split at white space; each Chinese, Japanese or Korean character is
 *   a word of its own; or what the switch `inputTokens` says;
 * - output: exactly the limit that the request sets (finish reason `length`), or 20 without one (`stop`); with the switch
 *   `naturalTokens`, that length (`stop`) unless the limit is lower (`length`);
 * - `cacheRead` of the input tokens were read from the cache, `cacheWrite` of the rest were written to it, and the
 *   first `reasoning` of the output tokens are reasoning: as many as the switches say, if there are so many;
 * - the text is a passage in the language of the switch, over and over, a token at a time;
 * - the id is a hash of the request.
 */
export function complete(request: ModelRequest, options: ModelOptions): Completion {
  const input = options.inputTokens ?? request.prompt.match(PROMPT_TOKEN)?.length ?? 0;
  const natural = options.naturalTokens ?? request.maxTokens ?? NATURAL_LENGTH;
  const isCut = request.maxTokens !== undefined && request.maxTokens <= natural;
  const output = isCut ? request.maxTokens : natural;
  const cacheRead = Math.min(options.cacheRead, input);
  const cacheWrite = Math.min(options.cacheWrite, input - cacheRead);
  const reasoning = Math.min(options.reasoning, output);
  const { model, prompt, maxTokens } = request;
  return {
    id: createHash("sha1").update(JSON.stringify({ model, prompt, maxTokens })).digest("hex").slice(0, 24),
    model,
    thoughts: generate(options.language, reasoning),
    tokens: generate(options.language, output - reasoning),
    finishReason: isCut ? "length" : "stop",
    usage: options.noUsage ? undefined : { input, cacheRead, cacheWrite, output, reasoning },
  };
}

function generate(language: Language, count: number): string[] {
  const pieces = piecesOf(language);
  return Array.from({ length: count }, (_, i) => {
    const piece = pieces[i % pieces.length] ?? "";
    return i === 0 ? piece.trimStart() : piece;
  });
}

/** The text of the answer. */
export function answer(completion: Completion): string {
  return completion.tokens.join("");
}

/** The text of the reasoning, `undefined` if there is none. */
export function thinking(completion: Completion): string | undefined {
  return completion.thoughts.length > 0 ? completion.thoughts.join("") : undefined;
}
