// The fixtures of the usage scanner: small bodies, one format or one trap each, and what each is worth.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

const directory = join(import.meta.dirname, "../../fixtures/usage");

export interface Fixture {
  file: string;
  type: string;
  /** "input output", and whatever else of cached, written, reasoning is not 0. */
  expected: string;
}

const JSON_TYPE = "application/json";
const SSE = "text/event-stream; charset=utf-8";
const LINES = "application/x-ndjson";
const AWS = "application/vnd.amazon.eventstream";

// prettier-ignore
const TABLE: [file: string, expected: string][] = [
  // OpenAI: total = prompt + completion, details are inside
  ["openai-chat.json",                      "31 12 cached 16 reasoning 5"],
  ["openai-chat.sse",                       "31 12 cached 16 reasoning 5"],
  ["openai-chat-no-usage.sse",              "none"],
  ["openai-chat-null-after-usage.sse",      "8 3"],
  ["openai-embeddings.json",                "9 0"],
  ["openai-images.json",                    "20 272"],
  ["openai-moderation.json",                "none"],
  ["openai-responses.json",                 "75 40 cached 64 reasoning 32"],
  ["openai-responses-in-progress.json",     "none"],
  ["openai-responses.sse",                  "75 40 cached 64 reasoning 32"],
  ["openai-responses-incomplete.sse",       "75 40 cached 64 reasoning 32"],
  ["openai-responses-failed.sse",           "none"],
  ["openai-input-tokens.json",              "none"],
  ["openai-assistants.sse",                 "240 30 cached 7"],
  ["openai-transcription.sse",              "37 14"],
  ["openai-transcription-seconds.json",     "none"],
  ["openai-batch.jsonl",                    "60 6 reasoning 3"],
  ["openai-error.json",                     "none"],
  ["openai-error.sse",                      "none"],
  // what is compatible with it, nearly
  ["deepseek-usage-with-choices.sse",       "17 9 cached 16"],
  ["groq-x-groq.sse",                       "12 26"],
  ["groq-both.sse",                         "12 26"],
  ["groq-compound.json",                    "150 15"],
  ["perplexity-running-total.sse",          "9 3"],
  ["moonshot-choice.sse",                   "49 7"],
  ["moonshot-cached.json",                  "49 7 cached 32"],
  ["xai-reasoning-beside.sse",              "12 291 cached 11 reasoning 290"],
  ["xai-responses-context.json",            "20 30 reasoning 25"],
  ["xai-images.json",                       "none"],
  ["mistral-audio-beside.json",             "386 15 cached 9"],
  ["gemini-openai-hidden-thinking.json",    "35 74"],
  ["llamacpp-two-candidates.sse",           "28 8"],
  ["one-api-two-names.json",                "1459 91"],
  ["openrouter-cache-write.json",           "1125 20 cached 100 written 1000"],
  ["openrouter-reasoning-above-output.json", "43 10 reasoning 10"],
  ["litellm-cache-inside-prompt.json",      "1000 5 cached 800 written 100"],
  ["voyage-total-only.json",                "12 0"],
  ["minimax-pro-total-only.sse",            "187 0"],
  // Anthropic: input = input_tokens + both cache fields
  ["anthropic.json",                        "4773 38 cached 4602 written 20 reasoning 23"],
  ["anthropic-output-in-delta.sse",         "135 15 cached 100 written 10"],
  ["anthropic-input-grows.sse",             "37949 574 cached 28247 written 7621"],
  ["anthropic-openrouter-zero-start.sse",   "33 8"],
  ["anthropic-zero-input-in-delta.sse",     "33 8"],
  ["anthropic-cut-after-start.sse",         "33 1"],
  ["anthropic-partial-json.sse",            "33 8"],
  ["anthropic-iterations.json",             "99357 91 cached 9000 written 195"],
  ["anthropic-iterations.sse",              "55377 91 cached 40000 written 15000"],
  ["anthropic-batch.jsonl",                 "52 11 cached 2"],
  ["anthropic-count-tokens.json",           "none"],
  ["anthropic-complete.json",               "none"],
  ["anthropic-error.json",                  "none"],
  // Gemini: thoughts beside candidates, tool use beside prompt; the last snapshot stands
  ["gemini.json",                           "2427 88 cached 8 reasoning 47"],
  ["gemini-counts-fall.sse",                "507 24"],
  ["gemini-args-in-last-chunk.sse",         "30 1947 reasoning 1947"],
  ["gemini-array.json",                     "11 293 reasoning 291"],
  ["gemini-array-cut.json",                 "11 1"],
  ["gemini-no-prompt-count.json",           "0 76 reasoning 58"],
  ["gemini-cached-content.json",            "none"],
  ["gemini-count-tokens.json",              "none"],
  ["gemini-error.json",                     "none"],
  ["vertex-no-counts.json",                 "none"],
  ["vertex-predict.json",                   "10 0"],
  ["gemini-interactions.json",              "63 70 cached 5 reasoning 55"],
  ["gemini-interactions.sse",               "63 70 cached 5 reasoning 55"],
  // Bedrock: cache beside inputTokens, unless the total has no room for it
  ["bedrock-converse.json",                 "2514 13 cached 2000 written 492"],
  ["bedrock-converse-cache-inside.json",    "2514 13 cached 2000"],
  ["bedrock-converse-stream.aws.json",      "932 18"],
  ["bedrock-converse-exception.aws.json",   "none"],
  ["bedrock-invoke-claude-stream.aws.json", "20 13 cached 5 written 3"],
  ["bedrock-invoke-nova-stream.aws.json",   "16 13 cached 4"],
  ["bedrock-invoke-titan-stream.aws.json",  "5 10"],
  ["bedrock-invoke-llama-stream.aws.json",  "5 2"],
  ["bedrock-invoke-titan.json",             "9 7"],
  ["bedrock-invoke-llama.json",             "5 10"],
  ["bedrock-invoke-nova.json",              "13 3"],
  ["bedrock-invoke-mistral-headers.json",   "none"],
  ["bedrock-agent.aws.json",                "300 30"],
  // Cohere: tokens is what the model saw
  ["cohere-v2-chat.json",                   "1446 51 cached 112"],
  ["cohere-v2-images.json",                 "293 56 reasoning 6"],
  ["cohere-v2-chat.sse",                    "1430 97 cached 1392 reasoning 63"],
  ["cohere-v1-chat.json",                   "501 35"],
  ["cohere-v1-chat.ndjson",                 "69 116"],
  ["cohere-embed-billed-only.json",         "7 0"],
  ["cohere-v2-embed-usage.json",            "12 0"],
  ["cohere-rerank.json",                    "none"],
  // the others
  ["dashscope.sse",                         "16 5 cached 3"],
  ["dashscope-rerank-total-only.json",      "68 0"],
  ["dashscope-image.json",                  "none"],
  ["ollama.ndjson",                         "25 9"],
  ["ollama-cached-prompt.json",             "0 79"],
  ["ollama-embed.json",                     "9 0"],
  ["ollama-pull.ndjson",                    "none"],
  ["baidu-2023-delta.sse",                  "20 12"],
  ["baidu-2024.sse",                        "689 42"],
  ["baidu-error.json",                      "none"],
  ["hunyuan.sse",                           "36 21"],
  ["hunyuan.json",                          "71 42"],
  ["hunyuan-error.json",                    "none"],
  ["watsonx.json",                          "7 2"],
  ["watsonx.sse",                           "8 11"],
  ["tgi.json",                              "2 75"],
  ["tgi.sse",                               "6 2"],
  ["alephalpha.json",                       "9 100"],
  ["replicate.json",                        "14 61"],
  ["replicate-starting.json",               "none"],
  // framing
  ["sse-bom.sse",                           "13 50"],
  ["sse-cr.sse",                            "13 50"],
  ["sse-comments.sse",                      "13 50"],
  ["sse-no-final-newline.sse",              "13 50"],
  ["sse-multi-line-data.sse",               "13 50"],
  ["sse-no-blank-lines.sse",                "13 50"],
  ["sse-other-fields.sse",                  "13 50"],
  ["sse-truncated-in-usage.sse",            "none"],
  ["sse-truncated-after-usage.sse",         "13 50"],
  ["sse-not-json.sse",                      "13 50"],
  ["json-as-event-stream.json",             "none"],
  ["json-bom.json",                         "6 7"],
  ["json-escaped-key.json",                 "20 4"],
  ["json-usage-first.json",                 "20 4"],
  ["json-nested-traps.json",                "20 4"],
  ["json-deep.json",                        "2 3"],
  ["json-deep-on-path.json",                "2 3"],
  ["json-truncated.json",                   "none"],
  ["json-number-cut-off.json",              "none"],
  ["json-malformed-later.json",             "20 4"],
  ["json-wrong-types.json",                 "0 11"],
  ["ndjson-broken-line.ndjson",             "5 6"],
  // nonsense, which is never a credit
  ["count-float.json",                      "3 12"],
  ["count-fraction.json",                   "4 1 clamped"],
  ["count-negative.json",                   "0 12 clamped"],
  ["count-huge.json",                       "1099511627776 1099511627776 clamped"],
  ["count-long.json",                       "1099511627776 2 clamped"],
  ["count-string.json",                     "30 12 clamped"],
  ["count-nulls.json",                      "30 12"],
  ["count-zero.json",                       "0 0"],
];

function typeOf(file: string): string {
  if (file === "json-as-event-stream.json") return SSE;
  if (file === "openai-batch.jsonl") return "application/octet-stream";
  if (file.endsWith(".aws.json")) return AWS;
  if (file.endsWith(".json")) return JSON_TYPE;
  return file.endsWith(".sse") ? SSE : LINES;
}

export const FIXTURES: Fixture[] = TABLE.map(([file, expected]) => ({ file, type: typeOf(file), expected }));

/** What the harness prints for an expectation: parts that it leaves out are 0. */
export function printed(expected: string): string {
  if (expected === "none") return expected;
  const part = (name: string): string => new RegExp(` ${name} (\\d+)`).exec(expected)?.[1] ?? "0";
  const counts = `cached ${part("cached")} written ${part("written")} reasoning ${part("reasoning")}`;
  const rest = / clamped/.exec(expected)?.[0] ?? "";
  return `${/^\d+ \d+/.exec(expected)?.[0]} ${counts}${rest}`;
}

/** The bytes of a fixture; `.aws.json` files list the events of an AWS event stream. */
export function bodyOf(fixture: Fixture): Uint8Array<ArrayBuffer> {
  const bytes = readFileSync(join(directory, fixture.file));
  if (fixture.type !== AWS) return new Uint8Array(bytes);
  const events = JSON.parse(bytes.toString("utf8")) as [string, Record<string, unknown>][];
  return new Uint8Array(Buffer.concat(events.map(([name, event]) => Buffer.from(eventMessage(name, event)))));
}

/** An event whose payload is as given, but for `base64`, a JSON text, and `text64`, a text, which become its `bytes`. */
function eventMessage(eventType: string, event: Record<string, unknown>): ArrayBuffer {
  const { base64, text64, ...rest } = event;
  const inner = base64 === undefined ? text64 : JSON.stringify(base64);
  const bytes = typeof inner === "string" ? { bytes: Buffer.from(inner).toString("base64") } : {};
  return awsMessage(eventType, JSON.stringify({ ...bytes, ...rest }));
}

/** One message of an AWS event stream, see assembly/usage/eventstream. */
export function awsMessage(eventType: string, payload: string): ArrayBuffer {
  const headers = Buffer.concat(
    [
      [":event-type", eventType],
      [":content-type", "application/json"],
      [":message-type", "event"],
    ].map(([name = "", value = ""]) => {
      const header = Buffer.alloc(4 + name.length + value.length);
      header[0] = name.length;
      header.write(name, 1);
      header[1 + name.length] = 7; // a string
      header.writeUInt16BE(value.length, 2 + name.length);
      header.write(value, 4 + name.length);
      return header;
    }),
  );
  const body = Buffer.from(payload);
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + headers.length + body.length, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const all = Buffer.concat([prelude, headers, body]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(all), 0);
  return new Uint8Array(Buffer.concat([all, crc])).buffer;
}

/** A small generator with a seed, so that a failure can be repeated (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Where each line that is followed by another, or by a blank one, ends: what a server sends at once. */
export function eventEnds(body: Uint8Array): number[] {
  const ends: number[] = [];
  for (let i = 0; i + 1 < body.length; ++i) if (body[i] === 10 && body[i + 1] !== 13) ends.push(i + 1);
  return ends;
}
