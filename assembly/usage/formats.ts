import { Bytes, bytesOf } from "../bytes/bytes";
import { Op, Slot } from "./report";
import { Combine } from "./tally";

/*
 * Where APIs report what a call consumed. The scanner knows nothing else about providers. To add one, add a line here and a
 * fixture in tests/fixtures/usage.
 *
 * A path names members, starting from the root of a JSON text, the data of an SSE event, a line, an element of a root
 * array, or the payload of an AWS event. `[]` is any element of an array, and `*` any member. Only what stands at such a path
 * counts, so an object called usage in tool arguments, message content or a trace does not.
 */

/** A count: its path in the report, and its meaning. */
@final
export class Field {
  constructor(
    readonly path: string,
    readonly slot: Slot,
    readonly op: Op,
  ) {}
}

/** Makes a table of counts: a call for each takes a third of the code of an array literal. */
@final
class Fields {
  readonly all: Field[] = [];

  set(path: string, slot: Slot): Fields {
    return this.put(path, slot, Op.Set);
  }

  add(path: string, slot: Slot): Fields {
    return this.put(path, slot, Op.Add);
  }

  count(path: string, slot: Slot): Fields {
    return this.put(path, slot, Op.Count);
  }

  private put(path: string, slot: Slot, op: Op): Fields {
    this.all.push(new Field(path, slot, op));
    return this;
  }
}

/** In which texts a report is looked for. */
export const enum Where {
  Anywhere,
  /** In payloads of an AWS event stream. */
  AwsEvent,
  /** In the base64 content of a Bedrock InvokeModel stream. */
  BedrockChunk,
}

/** A report: the path of the object that holds counts, and its relation to the other reports of the response. */
@final
export class ReportFormat {
  constructor(
    readonly path: string,
    readonly combine: Combine,
    readonly fields: Field[],
    readonly where: Where,
  ) {}
}

/** Makes a table of reports. */
@final
class Reports {
  readonly all: ReportFormat[] = [];

  merge(path: string, fields: Field[]): Reports {
    return this.within(Where.Anywhere, path, Combine.Merge, fields);
  }

  replace(path: string, fields: Field[]): Reports {
    return this.within(Where.Anywhere, path, Combine.Replace, fields);
  }

  sum(path: string, fields: Field[]): Reports {
    return this.within(Where.Anywhere, path, Combine.Sum, fields);
  }

  within(where: Where, path: string, combine: Combine, fields: Field[]): Reports {
    this.all.push(new ReportFormat(path, combine, fields, where));
    return this;
  }
}

/** Where an event of a Bedrock InvokeModel stream holds the model's own event, in base64. */
export const BEDROCK_CHUNK: string = "bytes";

// prettier-ignore
const OPENAI: Field[] = new Fields()
  // Chat completions, completions, embeddings (openai-node src/resources/completions.ts, CompletionUsage): cached tokens
  // inside prompt, reasoning inside completion. xAI's reasoning and Mistral's audio are in the total only.
  .set("prompt_tokens",                              Slot.Prompt)
  .set("completion_tokens",                          Slot.Output)
  .set("total_tokens",                               Slot.Total) // alone: Voyage, MiniMax Pro, DashScope embeddings
  .set("prompt_tokens_details.cached_tokens",        Slot.Cached) // DashScope's native API too
  .set("prompt_tokens_details.cache_write_tokens",   Slot.CacheWritten) // OpenRouter
  .set("prompt_tokens_details.audio_tokens",         Slot.Audio)
  .set("prompt_token_details.cached_tokens",         Slot.Cached) // Assistants
  .set("input_token_details.cached_tokens",          Slot.Cached) // Realtime: openai-node src/resources/realtime
  .set("completion_tokens_details.reasoning_tokens", Slot.Reasoning)
  .set("cached_tokens",                              Slot.Cached) // Moonshot, Together, Cohere
  .set("prompt_cache_hit_tokens",                    Slot.Cached) // DeepSeek

  // Responses, images, transcriptions (openai-node src/resources/responses/responses.ts, ResponseUsage); DashScope
  .set("input_tokens",                               Slot.Input)
  .set("output_tokens",                              Slot.Output)
  .set("input_tokens_details.cached_tokens",         Slot.Cached)
  .set("input_tokens_details.cache_write_tokens",    Slot.CacheWritten) // Bedrock Mantle
  .set("output_tokens_details.reasoning_tokens",     Slot.Reasoning)

  // Anthropic (anthropic-sdk-typescript src/resources/messages/messages.ts: "Total input tokens in a request is the
  // summation of input_tokens, cache_creation_input_tokens, and cache_read_input_tokens"; beta: BetaIterationsUsage,
  // each of whose entries is billed: the answer itself, compactions, advisors, attempts that were refused)
  .set("cache_read_input_tokens",                    Slot.CacheRead)
  .set("cache_creation_input_tokens",                Slot.CacheWrite)
  .set("output_tokens_details.thinking_tokens",      Slot.Reasoning)
  .add("iterations[].input_tokens",                  Slot.AllInput)
  .add("iterations[].cache_read_input_tokens",       Slot.AllCacheRead)
  .add("iterations[].cache_creation_input_tokens",   Slot.AllCacheWrite)
  .add("iterations[].output_tokens",                 Slot.AllOutput)

  // Bedrock Converse (docs.aws.amazon.com API_runtime_TokenUsage) and Nova: the input does not include the cache
  .set("inputTokens",                                Slot.Input)
  .set("outputTokens",                               Slot.Output)
  .set("totalTokens",                                Slot.Total)
  .set("cacheReadInputTokens",                       Slot.CacheRead)
  .set("cacheWriteInputTokens",                      Slot.CacheWrite)
  .set("cacheReadInputTokenCount",                   Slot.CacheRead)
  .set("cacheWriteInputTokenCount",                  Slot.CacheWrite)

  // Gemini interactions: the total is the sum of input, output, thought and tool use
  .set("total_input_tokens",                         Slot.Prompt)
  .set("total_output_tokens",                        Slot.Output)
  .set("total_thought_tokens",                       Slot.Thoughts)
  .set("total_tool_use_tokens",                      Slot.InputBeside)
  .set("total_cached_tokens",                        Slot.Cached)

  // Cohere v2 (cohere-python src/cohere/types/usage_tokens.py, usage_billed_units.py): tokens is what the model saw, without
  // images; embeddings and generate have billed_units only
  .set("tokens.input_tokens",                        Slot.Prompt)
  .set("tokens.image_tokens",                        Slot.InputBeside)
  .set("tokens.output_tokens",                       Slot.Output)
  .set("tokens.reasoning_tokens",                    Slot.Reasoning)
  .add("billed_units.input_tokens",                  Slot.BilledInput)
  .add("billed_units.image_tokens",                  Slot.BilledInput)
  .set("billed_units.output_tokens",                 Slot.BilledOutput)
  .all;

// prettier-ignore
const COHERE_META: Field[] = new Fields()
  .set("tokens.input_tokens",        Slot.Prompt)
  .set("tokens.output_tokens",       Slot.Output)
  .add("billed_units.input_tokens",  Slot.BilledInput)
  .set("billed_units.output_tokens", Slot.BilledOutput)
  .set("cached_tokens",              Slot.Cached)
  .all;

// prettier-ignore
const GEMINI: Field[] = new Fields()
  // googleapis/python-genai google/genai/types.py: the total is the sum of prompt, candidates, toolUsePrompt, thoughts;
  // the prompt includes the cached content. Counts of 0 are left out.
  .set("promptTokenCount",        Slot.Prompt)
  .set("toolUsePromptTokenCount", Slot.InputBeside)
  .set("cachedContentTokenCount", Slot.Cached)
  .set("candidatesTokenCount",    Slot.Output)
  .set("responseTokenCount",      Slot.Output) // Live: types.py, class UsageMetadata
  .set("thoughtsTokenCount",      Slot.Thoughts)
  .set("totalTokenCount",         Slot.TotalOfParts) // without other counts: the size of a new cachedContent
  .all;

// prettier-ignore
const HUNYUAN: Field[] = new Fields()
  .set("PromptTokens",     Slot.Prompt)
  .set("CompletionTokens", Slot.Output)
  .set("TotalTokens",      Slot.Total)
  .all;

// prettier-ignore
const BEDROCK_METRICS: Field[] = new Fields()
  .set("inputTokenCount",           Slot.Input)
  .set("outputTokenCount",          Slot.Output)
  .set("cacheReadInputTokenCount",  Slot.CacheRead)
  .set("cacheWriteInputTokenCount", Slot.CacheWrite)
  .all;

// prettier-ignore
const TGI: Field[] = new Fields()
  // huggingface/text-generation-inference, only if the request asked for details
  .set("generated_tokens", Slot.Output)
  .count("prefill[]",        Slot.Prompt) // if decoder_input_details were asked for
  .set("input_length",     Slot.Prompt) // streams of newer versions
  .all;

// prettier-ignore
const REPLICATE: Field[] = new Fields()
  .set("input_token_count",  Slot.Prompt)
  .set("output_token_count", Slot.Output)
  .all;

// prettier-ignore
const ROOT: Field[] = new Fields()
  .set("prompt_eval_count",       Slot.Prompt) // Ollama (docs/api.md), with "done": true; left out when 0
  .set("eval_count",              Slot.Output)
  .set("num_tokens_prompt_total", Slot.Prompt) // Aleph Alpha
  .set("num_tokens_generated",    Slot.Output)
  .set("prompt_token_count",      Slot.Prompt) // Llama on Bedrock
  .set("generation_token_count",  Slot.Output)
  .set("inputTextTokenCount",     Slot.Prompt) // Titan on Bedrock
  .add("results[].tokenCount",    Slot.Output)
  .set("totalOutputTextTokenCount", Slot.Output) // its streams
  .add("results[].input_token_count",     Slot.Prompt) // watsonx; in a stream only the first event has it
  .add("results[].generated_token_count", Slot.Output) // running total
  .add("predictions[].embeddings.statistics.token_count", Slot.Prompt) // Vertex :predict
  .all;

// prettier-ignore
export const REPORTS: ReportFormat[] = new Reports()
  .merge("",                     ROOT)
  .merge("usage",                OPENAI) // most; message_delta of Anthropic, a running total
  .merge("choices[].usage",      OPENAI) // Moonshot
  .merge("x_groq.usage",         OPENAI) // Groq, the same as usage if both are there
  .merge("response.usage",       OPENAI) // Responses, response.completed / incomplete / failed
  .merge("message.usage",        OPENAI) // Anthropic, message_start
  .merge("delta.usage",          OPENAI) // Cohere v2, message-end
  .merge("interaction.usage",    OPENAI) // Gemini interactions
  .merge("meta",                 COHERE_META) // Cohere v1, embed
  .merge("response.meta",        COHERE_META) // Cohere v1, stream-end
  .replace("usageMetadata",      GEMINI) // counts start again after a tool ran
  .merge("Usage",                HUNYUAN) // Tencent, running total in every event
  .merge("Response.Usage",       HUNYUAN)
  .merge("metrics",              REPLICATE)
  .sum("details",                TGI)
  .sum("response.body.usage",    OPENAI) // OpenAI batch output, one line per call
  .sum("result.message.usage",   OPENAI) // Anthropic batch results
  .merge("result.usage",         OPENAI) // Cloudflare
  .merge("data.usage",           OPENAI) // responses wrapped in a code and data
  .within(Where.BedrockChunk, "metadata.usage", Combine.Merge, OPENAI) // Nova
  .merge("amazon-bedrock-invocationMetrics", BEDROCK_METRICS)
  .within(Where.AwsEvent, "trace.*.modelInvocationOutput.metadata.usage", Combine.Sum, OPENAI) // InvokeAgent
  .all;

/** How the text at a path relates to the other text of the response. */
export const enum Share {
  /** One of many pieces, or the only one. */
  Piece,
  /** The whole text. If there are pieces, it repeats them. */
  Message,
  /** Repeats text from elsewhere in the response, if there is any. */
  Whole,
  /** A piece of reasoning. Some APIs repeat it under several names. */
  Thought,
}

/** Which part of the value at a path is text. */
export const enum Extent {
  /** The value, if it is a string. */
  String,
  /** The value: a string, or the source text of an object, including its names. */
  Value,
  /** Every string in the value, under any name except `NOT_GENERATED`. */
  Strings,
  /** The same, but not the value itself if it is a string, nor its elements if it is a list. */
  Members,
}

/** Text that the model generated. */
@final
export class TextFormat {
  constructor(
    readonly path: string,
    readonly share: Share,
    readonly extent: Extent,
  ) {}
}

/** Makes a table of texts. */
@final
class Texts {
  readonly all: TextFormat[] = [];

  piece(path: string): Texts {
    return this.part(path, Share.Piece, Extent.Strings);
  }

  message(path: string): Texts {
    return this.part(path, Share.Message, Extent.Strings);
  }

  whole(path: string): Texts {
    return this.part(path, Share.Whole, Extent.Strings);
  }

  part(path: string, share: Share, extent: Extent): Texts {
    this.all.push(new TextFormat(path, share, extent));
    return this;
  }
}

/*
 * Where APIs put the text that the model generates, whole or in pieces. Reasoning and arguments of tool calls are tokens too.
 * The text is estimated if the usage is missing. Below these paths, all strings count except those that are certainly not
 * generated, so that text under a new name is not free. The same holds at the root, for a reply or a summary_text.
 */
// prettier-ignore
export const GENERATED: TextFormat[] = new Texts()
  // OpenAI and compatibles: chat completions, whole and streamed; completions. Perplexity repeats the message in each chunk.
  .piece("choices[].delta")
  .piece("choices[].text")
  .message("choices[]") // message, messages (Snowflake, MiniMax)
  // Responses: events such as response.output_text.delta hold the piece itself. response.output_item.done,
  // response.content_part.done and response.completed repeat parts of the text, then all of it. DashScope and Bedrock have an
  // output too; that of DashScope grows from event to event.
  .piece("delta")
  .whole("output")
  .whole("item")
  .whole("part")
  .whole("response.output")
  // Cohere v1 and its stream, transcriptions; also the text that response.output_text.done repeats
  .part("text", Share.Message, Extent.String)
  .part("response.text", Share.Whole, Extent.String)
  .message("generations[]")
  .message("tool_calls[]")
  .message("function_call") // Baidu
  // Anthropic messages: what a content block starts with, and the whole (content_block_delta is in delta); llama.cpp's stream
  .piece("content_block")
  .message("content")
  .piece("completion") // Anthropic complete
  // Gemini, its interactions and its Live API
  .piece("candidates[]")
  .piece("response.candidates[]")
  .piece("outputs[]") // Mistral on Bedrock too
  .whole("interaction.outputs")
  .piece("serverContent.modelTurn")
  .piece("serverContent.outputTranscription")
  .message("predictions[]") // Vertex :predict
  // Llama, Titan and AI21 on Bedrock
  .piece("generation")
  .piece("outputText")
  .piece("completions[].data.text")
  .message("completions[]") // Aleph Alpha too
  // Ollama: chat and generate. Cohere v2: the whole text
  .piece("message")
  .part("response", Share.Piece, Extent.String)
  .piece("thinking")
  // TGI and watsonx
  .piece("token.text")
  .message("generated_text")
  .piece("results[]")
  // Tencent, Baidu, Dify
  .piece("Choices[].Delta")
  .message("Choices[].Message")
  .message("Response.Choices[].Message")
  .part("result", Share.Piece, Extent.String)
  .part("answer", Share.Piece, Extent.String)
  // All others
  .part("result", Share.Message, Extent.Members) // Cloudflare
  .part("data", Share.Message, Extent.Members) // not the elements of a list
  .part("response", Share.Whole, Extent.Members)
  .part("", Share.Message, Extent.Members)
  .all;

/** Below generated text, names of reasoning. Several may repeat the same text: OpenRouter and LiteLLM use two or three. */
// prettier-ignore
export const THOUGHTS: string[] = (
  "reasoning reasoning_content reasoning_details thinking_blocks provider_specific_fields"
).split(" ");

/** Below generated text, names of tool arguments: a string, or an object, whose names count too. */
export const ARGUMENTS: string[] = ["arguments", "args", "input", "parameters"];

/** Below generated text, names of values that the model has not generated. So are names that end in `_id` or `_url`. */
// prettier-ignore
export const NOT_GENERATED: string[] = (
  // kinds and roles, and why something ended
  "index object type role model status format language phase finish_reason finishReason " +
  "native_finish_reason finishMessage stop_reason stopReason stop_sequence stop_details completionReason " +
  "FinishReason Role service_tier system_fingerprint modelVersion channel namespace execution " +
  // ids
  "id toolUseId " +
  // signatures, and text that only the provider can read
  "signature thoughtSignature thought_signature encrypted_content redactedContent " +
  // pictures, sound and files in base64, or their addresses
  "data b64_json base64 bytesBase64Encoded result partial_image_b64 image images url uri fileUri " +
  "file_data filename mimeType mime_type media_type " +
  // counts, and what was searched, filtered or measured
  "usage usageMetadata metadata logprobs logprobsResult top_logprobs prompt_logprobs annotations citation citations " +
  "cited_text citationMetadata groundingMetadata groundingAttributions urlContextMetadata safetyRatings " +
  "content_filter_results content_filter_result content_filter_offsets category_applied_input_types " +
  "search_results search_info executed_tools tools expires_at created_at created sequence_number " +
  // vectors in base64, and what text is made of
  "embedding bytes"
).split(" ");

/** Below generated text, names of sound. A string holds its bytes and is not text; an object may hold a transcript. */
export const SOUND: string[] = ["audio"];

/** Below generated text, names of what was ranked or cited. An object repeats it, but a string may be the answer. */
export const RANKED: string[] = ["document"];

/** Further names that are not generated where text is not expected: at the root, and beside known texts in responses. */
// prettier-ignore
export const NOT_AT_ROOT: string[] = (
  // what was asked, and what went wrong
  "instructions prompt input parameters texts chat_history generation_settings tool_choice truncation user " +
  "safety_identifier prompt_cache_key " +
  "error errors rate_limits warnings system logs urls version Note note prompt_filter_results " +
  // what was searched, or found by a guardrail
  "documents web_search SearchInfo amazon-bedrock-trace usage_breakdown " +
  // the parts of a transcript, vectors
  "segments words chunks embeddings " +
  // padding that makes all events equally long, and further ids
  "obfuscation p event event_type requestId responseId Id provider done_reason"
).split(" ");

/**
 * Where a response holds its id: Responses and most others, the stream of Responses, that of Gemini's interactions, and the
 * first line of Anthropic's batch results, each of which has its own.
 */
export const IDS: string[] = ["id", "response.id", "interaction.id", "result.message.id"];

/** A response header with a count, for responses whose body has none. */
@final
class HeaderFormat {
  readonly name: Bytes;

  constructor(
    name: string,
    readonly slot: Slot,
  ) {
    this.name = bytesOf(name);
  }
}

// prettier-ignore
export const HEADERS: HeaderFormat[] = [
  // Bedrock InvokeModel; for Mistral, Cohere and AI21 models the only source
  new HeaderFormat("x-amzn-bedrock-input-token-count",  Slot.Input),
  new HeaderFormat("x-amzn-bedrock-output-token-count", Slot.Output),
];
