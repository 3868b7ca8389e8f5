import type { Completion } from "../completion.ts";
import { limitAt, messagesAt, textOf } from "../fields.ts";
import { SSE, type WireEvent } from "../framings.ts";
import { CREATED, FAILURE, type Dialect, type JsonReply } from "./dialect.ts";

/** How the events of a stream count: `total` what was generated so far, `delta` what is new in the event. */
type Counting = "total" | "delta";

/**
 * Baidu's ERNIE in wenxinworkshop (cloud.baidu.com/doc/WENXINWORKSHOP). Errors come with status 200. Each event of a
 * stream is a sentence, here of five tokens, with its usage. Reasoning is not shown.
 */
function baiduDialect(name: string, counting: Counting): Dialect {
  return {
    name,
    path: /^\/rpc\/2\.0\/ai_custom\/v1\/wenxinworkshop\/chat\/(?<model>[^/]+)$/,
    error: baiduError,
    read: ({ json, groups }) => ({
      model: groups["model"] ?? "",
      prompt: textOf([json["system"], messagesAt(json, "messages")]),
      maxTokens: limitAt(json, "max_output_tokens"),
      reply: (completion) =>
        json["stream"] === true
          ? { events: events(completion, counting), framing: SSE, failure: { data: failure(FAILURE) } }
          : { body: part(completion, completion.tokens, usageOf(completion, "total")) },
    }),
  };
}

/** As since 2024: running totals. */
export const BAIDU = baiduDialect("baidu", "total");

/** As of 2023: the tokens generated for each sentence alone, 0 in the last event, beside a total of the call so far. */
export const BAIDU_2023 = baiduDialect("baidu-2023", "delta");

const SENTENCE_TOKENS = 5;

function baiduError(_status: number, message: string): JsonReply {
  return { status: 200, body: failure(message) };
}

function failure(error_msg: string): object {
  return { error_code: 336100, error_msg };
}

function part(completion: Completion, tokens: readonly string[], members: object): object {
  return {
    id: `as-${completion.id.slice(0, 10)}`,
    object: "chat.completion",
    created: CREATED,
    result: tokens.join(""),
    is_truncated: false,
    need_clear_history: false,
    ...members,
  };
}

/** The usage after `done` generated tokens, `fresh` of them new. */
function usageOf(completion: Completion, counting: Counting, done?: number, fresh = 0): object {
  const counts = completion.usage;
  if (counts === undefined) return {};
  const output = done ?? counts.output;
  return {
    usage: {
      prompt_tokens: counts.input,
      completion_tokens: counting === "total" ? output : fresh,
      total_tokens: counts.input + output,
    },
  };
}

/** The reasoning is counted in the first sentence. */
function events(completion: Completion, counting: Counting): WireEvent[] {
  const { thoughts, tokens } = completion;
  const count = Math.max(1, Math.ceil(tokens.length / SENTENCE_TOKENS));
  const sentences = Array.from({ length: count }, (_, i) => {
    const from = i * SENTENCE_TOKENS;
    const sentence = tokens.slice(from, from + SENTENCE_TOKENS);
    const done = thoughts.length + from + sentence.length;
    const fresh = sentence.length + (i === 0 ? thoughts.length : 0);
    return part(completion, sentence, {
      sentence_id: i,
      is_end: false,
      ...usageOf(completion, counting, done, fresh),
    });
  });
  const last = part(completion, [], { sentence_id: count, is_end: true, ...usageOf(completion, counting) });
  return [...sentences, last].map((data) => ({ data }));
}
