import { Op, Slot } from "./report";
import { Combine } from "./tally";

/*
 * Where the APIs report what a call consumed. This is the whole knowledge of the scanner about providers: to add one,
 * add a line here and a fixture in tests/fixtures/usage.
 *
 * A path names members from the root of a JSON text, of the data of an SSE event, of a line, of an element of a root
 * array, or of the payload of an AWS event. `[]` is any element of an array, `*` any member. Only what stands at such
 * a path counts, so an object called usage in tool arguments, message content or a trace is nothing.
 */

/** A count: where it stands in its report, and what it means. */
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
  /** In what a Bedrock InvokeModel stream holds in base64. */
  BedrockChunk,
}

/** A report: the object that holds counts, and how it relates to the other reports of the response. */
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

  // Bedrock Converse (docs.aws.amazon.com API_runtime_TokenUsage) and Nova: the cache beside the input
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

  // Cohere v2 (cohere-python src/cohere/types/usage_tokens.py, usage_billed_units.py): tokens is what the model saw,
  // the images beside; embeddings and generate have billed_units only
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
  // the cached content is inside the prompt. Whatever is 0 is left out.
  new Field("promptTokenCount",        Slot.Prompt),
  new Field("toolUsePromptTokenCount", Slot.InputBeside),
  new Field("cachedContentTokenCount", Slot.Cached),
  new Field("candidatesTokenCount",    Slot.Output),
  new Field("responseTokenCount",      Slot.Output), // Live: types.py, class UsageMetadata
  new Field("thoughtsTokenCount",      Slot.Thoughts),
  new Field("totalTokenCount",         Slot.TotalOfParts), // alone it tells the size of a new cachedContent
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
  new ReportFormat("x_groq.usage",          Combine.Merge,   OPENAI), // Groq, the same as usage where both are
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
  new ReportFormat("metadata.usage",        Combine.Merge,   OPENAI, Where.BedrockChunk), // Nova
  new ReportFormat("amazon-bedrock-invocationMetrics", Combine.Merge, BEDROCK_METRICS),
  new ReportFormat("trace.*.modelInvocationOutput.metadata.usage", Combine.Sum, OPENAI, Where.AwsEvent), // InvokeAgent
];

/*
 * Where the APIs put the text that the model generates, in whole or piece by piece: reasoning and arguments of tool calls
 * are tokens too. It is estimated where the usage is missing. APIs that report their usage in every event (DashScope,
 * Baidu, Hunyuan) are not here, nor are those whose events repeat what earlier ones said.
 */
// prettier-ignore
export const GENERATED: string[] = [
  // OpenAI and compatibles: chat completions, whole and streamed
  "choices[].message.content", "choices[].message.content[].text", "choices[].message.refusal",
  "choices[].message.reasoning_content", "choices[].message.reasoning", // DeepSeek and others
  "choices[].message.tool_calls[].function.arguments",
  "choices[].delta.content", "choices[].delta.refusal",
  "choices[].delta.reasoning_content", "choices[].delta.reasoning",
  "choices[].delta.tool_calls[].function.arguments",
  "choices[].text", // completions
  // Responses: response.output_text.delta and the like, whose event holds the piece itself; and the whole
  "delta", "output[].content[].text", "output[].arguments",
  // Anthropic messages: content_block_delta; and the whole
  "delta.text", "delta.thinking", "delta.partial_json", "content[].text", "content[].thinking",
  "completion", // Anthropic complete
  // Gemini
  "candidates[].content.parts[].text",
  "serverContent.modelTurn.parts[].text", "serverContent.outputTranscription.text", // Live
  // Bedrock Converse: contentBlockDelta; and the whole
  "delta.reasoningContent.text", "delta.toolUse.input", "output.message.content[].text",
  // Llama, Titan and Mistral on Bedrock
  "generation", "outputText", "results[].outputText", "outputs[].text",
  // Cohere v2 and v1
  "delta.message.content.text", "message.content[].text", "text",
  // Ollama: chat and generate
  "message.content", "message.thinking", "response",
  // TGI and watsonx
  "token.text", "generated_text", "results[].generated_text",
];

/** A response header that holds a count, for responses whose body has none. */
@final
export class HeaderFormat {
  constructor(
    readonly name: string,
    readonly slot: Slot,
  ) {}
}

// prettier-ignore
export const HEADERS: HeaderFormat[] = [
  // Bedrock InvokeModel, the only source for Mistral, Cohere and AI21 models
  new HeaderFormat("x-amzn-bedrock-input-token-count",  Slot.Input),
  new HeaderFormat("x-amzn-bedrock-output-token-count", Slot.Output),
];
