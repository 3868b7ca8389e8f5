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
    readonly op: Op = Op.Set,
  ) {}
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
    readonly where: Where = Where.Anywhere,
  ) {}
}

/** Where an event of a Bedrock InvokeModel stream holds the model's own event, in base64. */
export const BEDROCK_CHUNK: string = "bytes";

// prettier-ignore
const OPENAI: Field[] = [
  // Chat completions, completions, embeddings (openai-node src/resources/completions.ts, CompletionUsage): cached tokens
  // inside prompt, reasoning inside completion. xAI's reasoning and Mistral's audio are in the total only.
  new Field("prompt_tokens",                              Slot.Prompt),
  new Field("completion_tokens",                          Slot.Output),
  new Field("total_tokens",                               Slot.Total), // alone: Voyage, MiniMax Pro, DashScope embeddings
  new Field("prompt_tokens_details.cached_tokens",        Slot.Cached), // DashScope's native API too
  new Field("prompt_tokens_details.cache_write_tokens",   Slot.CacheWritten), // OpenRouter
  new Field("prompt_tokens_details.audio_tokens",         Slot.Audio),
  new Field("prompt_token_details.cached_tokens",         Slot.Cached), // Assistants
  new Field("input_token_details.cached_tokens",          Slot.Cached), // Realtime: openai-node src/resources/realtime
  new Field("completion_tokens_details.reasoning_tokens", Slot.Reasoning),
  new Field("cached_tokens",                              Slot.Cached), // Moonshot, Together, Cohere
  new Field("prompt_cache_hit_tokens",                    Slot.Cached), // DeepSeek

  // Responses, images, transcriptions (openai-node src/resources/responses/responses.ts, ResponseUsage); DashScope
  new Field("input_tokens",                               Slot.Input),
  new Field("output_tokens",                              Slot.Output),
  new Field("input_tokens_details.cached_tokens",         Slot.Cached),
  new Field("input_tokens_details.cache_write_tokens",    Slot.CacheWritten), // Bedrock Mantle
  new Field("output_tokens_details.reasoning_tokens",     Slot.Reasoning),

  // Anthropic (anthropic-sdk-typescript src/resources/messages/messages.ts: "Total input tokens in a request is the
  // summation of input_tokens, cache_creation_input_tokens, and cache_read_input_tokens"; beta: BetaIterationsUsage,
  // each of whose entries is billed: the answer itself, compactions, advisors, attempts that were refused)
  new Field("cache_read_input_tokens",                    Slot.CacheRead),
  new Field("cache_creation_input_tokens",                Slot.CacheWrite),
  new Field("output_tokens_details.thinking_tokens",      Slot.Reasoning),
  new Field("iterations[].input_tokens",                  Slot.AllInput, Op.Add),
  new Field("iterations[].cache_read_input_tokens",       Slot.AllCacheRead, Op.Add),
  new Field("iterations[].cache_creation_input_tokens",   Slot.AllCacheWrite, Op.Add),
  new Field("iterations[].output_tokens",                 Slot.AllOutput, Op.Add),

  // Bedrock Converse (docs.aws.amazon.com API_runtime_TokenUsage) and Nova: the input does not include the cache
  new Field("inputTokens",                                Slot.Input),
  new Field("outputTokens",                               Slot.Output),
  new Field("totalTokens",                                Slot.Total),
  new Field("cacheReadInputTokens",                       Slot.CacheRead),
  new Field("cacheWriteInputTokens",                      Slot.CacheWrite),
  new Field("cacheReadInputTokenCount",                   Slot.CacheRead),
  new Field("cacheWriteInputTokenCount",                  Slot.CacheWrite),

  // Gemini interactions: the total is the sum of input, output, thought and tool use
  new Field("total_input_tokens",                         Slot.Prompt),
  new Field("total_output_tokens",                        Slot.Output),
  new Field("total_thought_tokens",                       Slot.Thoughts),
  new Field("total_tool_use_tokens",                      Slot.InputBeside),
  new Field("total_cached_tokens",                        Slot.Cached),

  // Cohere v2 (cohere-python src/cohere/types/usage_tokens.py, usage_billed_units.py): tokens is what the model saw, without
  // images; embeddings and generate have billed_units only
  new Field("tokens.input_tokens",                        Slot.Prompt),
  new Field("tokens.image_tokens",                        Slot.InputBeside),
  new Field("tokens.output_tokens",                       Slot.Output),
  new Field("tokens.reasoning_tokens",                    Slot.Reasoning),
  new Field("billed_units.input_tokens",                  Slot.BilledInput, Op.Add),
  new Field("billed_units.image_tokens",                  Slot.BilledInput, Op.Add),
  new Field("billed_units.output_tokens",                 Slot.BilledOutput),
];

// prettier-ignore
const COHERE_META: Field[] = [
  new Field("tokens.input_tokens",        Slot.Prompt),
  new Field("tokens.output_tokens",       Slot.Output),
  new Field("billed_units.input_tokens",  Slot.BilledInput, Op.Add),
  new Field("billed_units.output_tokens", Slot.BilledOutput),
  new Field("cached_tokens",              Slot.Cached),
];

// prettier-ignore
const GEMINI: Field[] = [
  // googleapis/python-genai google/genai/types.py: the total is the sum of prompt, candidates, toolUsePrompt, thoughts;
  // the prompt includes the cached content. Counts of 0 are left out.
  new Field("promptTokenCount",        Slot.Prompt),
  new Field("toolUsePromptTokenCount", Slot.InputBeside),
  new Field("cachedContentTokenCount", Slot.Cached),
  new Field("candidatesTokenCount",    Slot.Output),
  new Field("responseTokenCount",      Slot.Output), // Live: types.py, class UsageMetadata
  new Field("thoughtsTokenCount",      Slot.Thoughts),
  new Field("totalTokenCount",         Slot.TotalOfParts), // without other counts: the size of a new cachedContent
];

// prettier-ignore
const HUNYUAN: Field[] = [
  new Field("PromptTokens",     Slot.Prompt),
  new Field("CompletionTokens", Slot.Output),
  new Field("TotalTokens",      Slot.Total),
];

// prettier-ignore
const BEDROCK_METRICS: Field[] = [
  new Field("inputTokenCount",           Slot.Input),
  new Field("outputTokenCount",          Slot.Output),
  new Field("cacheReadInputTokenCount",  Slot.CacheRead),
  new Field("cacheWriteInputTokenCount", Slot.CacheWrite),
];

// prettier-ignore
const TGI: Field[] = [
  // huggingface/text-generation-inference, only if the request asked for details
  new Field("generated_tokens", Slot.Output),
  new Field("prefill[]",        Slot.Prompt, Op.Count), // if decoder_input_details were asked for
  new Field("input_length",     Slot.Prompt), // streams of newer versions
];

// prettier-ignore
const REPLICATE: Field[] = [
  new Field("input_token_count",  Slot.Prompt),
  new Field("output_token_count", Slot.Output),
];

// prettier-ignore
const ROOT: Field[] = [
  new Field("prompt_eval_count",       Slot.Prompt), // Ollama (docs/api.md), with "done": true; left out when 0
  new Field("eval_count",              Slot.Output),
  new Field("num_tokens_prompt_total", Slot.Prompt), // Aleph Alpha
  new Field("num_tokens_generated",    Slot.Output),
  new Field("prompt_token_count",      Slot.Prompt), // Llama on Bedrock
  new Field("generation_token_count",  Slot.Output),
  new Field("inputTextTokenCount",     Slot.Prompt), // Titan on Bedrock
  new Field("results[].tokenCount",    Slot.Output, Op.Add),
  new Field("totalOutputTextTokenCount", Slot.Output), // its streams
  new Field("results[].input_token_count",     Slot.Prompt, Op.Add), // watsonx; in a stream only the first event has it
  new Field("results[].generated_token_count", Slot.Output, Op.Add), // running total
  new Field("predictions[].embeddings.statistics.token_count", Slot.Prompt, Op.Add), // Vertex :predict
];

// prettier-ignore
export const REPORTS: ReportFormat[] = [
  new ReportFormat("",                      Combine.Merge,   ROOT),
  new ReportFormat("usage",                 Combine.Merge,   OPENAI), // most; message_delta of Anthropic, a running total
  new ReportFormat("choices[].usage",       Combine.Merge,   OPENAI), // Moonshot
  new ReportFormat("x_groq.usage",          Combine.Merge,   OPENAI), // Groq, the same as usage if both are there
  new ReportFormat("response.usage",        Combine.Merge,   OPENAI), // Responses, response.completed / incomplete / failed
  new ReportFormat("message.usage",         Combine.Merge,   OPENAI), // Anthropic, message_start
  new ReportFormat("delta.usage",           Combine.Merge,   OPENAI), // Cohere v2, message-end
  new ReportFormat("interaction.usage",     Combine.Merge,   OPENAI), // Gemini interactions
  new ReportFormat("meta",                  Combine.Merge,   COHERE_META), // Cohere v1, embed
  new ReportFormat("response.meta",         Combine.Merge,   COHERE_META), // Cohere v1, stream-end
  new ReportFormat("usageMetadata",         Combine.Replace, GEMINI), // counts start again after a tool ran
  new ReportFormat("Usage",                 Combine.Merge,   HUNYUAN), // Tencent, running total in every event
  new ReportFormat("Response.Usage",        Combine.Merge,   HUNYUAN),
  new ReportFormat("metrics",               Combine.Merge,   REPLICATE),
  new ReportFormat("details",               Combine.Sum,     TGI),
  new ReportFormat("response.body.usage",   Combine.Sum,     OPENAI), // OpenAI batch output, one line per call
  new ReportFormat("result.message.usage",  Combine.Sum,     OPENAI), // Anthropic batch results
  new ReportFormat("result.usage",          Combine.Merge,   OPENAI), // Cloudflare
  new ReportFormat("data.usage",            Combine.Merge,   OPENAI), // responses wrapped in a code and data
  new ReportFormat("metadata.usage",        Combine.Merge,   OPENAI, Where.BedrockChunk), // Nova
  new ReportFormat("amazon-bedrock-invocationMetrics", Combine.Merge, BEDROCK_METRICS),
  new ReportFormat("trace.*.modelInvocationOutput.metadata.usage", Combine.Sum, OPENAI, Where.AwsEvent), // InvokeAgent
];

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
    readonly share: Share = Share.Piece,
    readonly extent: Extent = Extent.Strings,
  ) {}
}

/*
 * Where APIs put the text that the model generates, whole or in pieces. Reasoning and arguments of tool calls are tokens too.
 * The text is estimated if the usage is missing. Below these paths, all strings count except those that are certainly not
 * generated, so that text under a new name is not free. The same holds at the root, for a reply or a summary_text.
 */
// prettier-ignore
export const GENERATED: TextFormat[] = [
  // OpenAI and compatibles: chat completions, whole and streamed; completions. Perplexity repeats the message in each chunk.
  new TextFormat("choices[].delta"),
  new TextFormat("choices[].text"),
  new TextFormat("choices[]",                Share.Message), // message, messages (Snowflake, MiniMax)
  // Responses: events such as response.output_text.delta hold the piece itself. response.output_item.done,
  // response.content_part.done and response.completed repeat parts of the text, then all of it. DashScope and Bedrock have an
  // output too; that of DashScope grows from event to event.
  new TextFormat("delta"),
  new TextFormat("output",                   Share.Whole),
  new TextFormat("item",                     Share.Whole),
  new TextFormat("part",                     Share.Whole),
  new TextFormat("response.output",          Share.Whole),
  // Cohere v1 and its stream, transcriptions; also the text that response.output_text.done repeats
  new TextFormat("text",                     Share.Message, Extent.String),
  new TextFormat("response.text",            Share.Whole,   Extent.String),
  new TextFormat("generations[]",            Share.Message),
  new TextFormat("tool_calls[]",             Share.Message),
  new TextFormat("function_call",            Share.Message), // Baidu
  // Anthropic messages: what a content block starts with, and the whole (content_block_delta is in delta); llama.cpp's stream
  new TextFormat("content_block"),
  new TextFormat("content",                  Share.Message),
  new TextFormat("completion"), // Anthropic complete
  // Gemini, its interactions and its Live API
  new TextFormat("candidates[]"),
  new TextFormat("response.candidates[]"),
  new TextFormat("outputs[]"), // Mistral on Bedrock too
  new TextFormat("interaction.outputs",      Share.Whole),
  new TextFormat("serverContent.modelTurn"),
  new TextFormat("serverContent.outputTranscription"),
  new TextFormat("predictions[]",            Share.Message), // Vertex :predict
  // Llama, Titan and AI21 on Bedrock
  new TextFormat("generation"),
  new TextFormat("outputText"),
  new TextFormat("completions[].data.text"),
  new TextFormat("completions[]",            Share.Message), // Aleph Alpha too
  // Ollama: chat and generate. Cohere v2: the whole text
  new TextFormat("message"),
  new TextFormat("response",                 Share.Piece,   Extent.String),
  new TextFormat("thinking"),
  // TGI and watsonx
  new TextFormat("token.text"),
  new TextFormat("generated_text",           Share.Message),
  new TextFormat("results[]"),
  // Tencent, Baidu, Dify
  new TextFormat("Choices[].Delta"),
  new TextFormat("Choices[].Message",        Share.Message),
  new TextFormat("Response.Choices[].Message", Share.Message),
  new TextFormat("result",                   Share.Piece,   Extent.String),
  new TextFormat("answer",                   Share.Piece,   Extent.String),
  // All others
  new TextFormat("result",                   Share.Message, Extent.Members), // Cloudflare
  new TextFormat("data",                     Share.Message, Extent.Members), // not the elements of a list
  new TextFormat("response",                 Share.Whole,   Extent.Members),
  new TextFormat("",                         Share.Message, Extent.Members),
];

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
  // vectors in base64
  "embedding"
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
