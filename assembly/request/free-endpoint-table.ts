// The endpoints that consume no tokens, and what tells them from others. How a path is compared with them: free-endpoints.ts.

/**
 * How the paths of endpoints end that consume no tokens for a POST, or for a DELETE with a body. One of `BASES` precedes the
 * ending. `*` stands for the rest of a segment, at least one character.
 *
 * If you add one, name the source. Some endpoints that cost little or nothing are missing on purpose: moderations and
 * reranking (a model reads the input), searches of vector stores (they embed the query), runs, evaluations, Gemini's batches
 * (the filter cannot read their reports).
 */
// prettier-ignore
export const ENDINGS: string[] = [
  // Counting the tokens of a text
  "messages/count_tokens",          // Anthropic: docs.claude.com/en/api/messages-count-tokens
  "responses/input_tokens",         // OpenAI: platform.openai.com/docs/api-reference/responses/input-tokens
  "models/*:countTokens",           // Gemini, Vertex: ai.google.dev/api/tokens
  "models/*:computeTokens",         // Vertex: cloud.google.com/vertex-ai/generative-ai/docs/model-reference/compute-tokens-api
  "models/count-tokens:rawPredict", // Anthropic on Vertex: docs.claude.com/en/docs/build-with-claude/token-counting
  "model/*/count-tokens",           // Bedrock: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
  "tokenize", "detokenize",         // Cohere, vLLM, TGI, llama.cpp: docs.cohere.com/reference/tokenize
  "v1/tokenize-text",               // xAI: docs.x.ai/docs/api-reference#tokenize-text
  "api/v3/tokenization",            // Doubao: www.volcengine.com/docs/82379/1528728
  "api/v1/tokenizer",               // DashScope: help.aliyun.com/zh/model-studio/billing-for-model-studio
  "tokenizers/estimate-token-count", // Moonshot: platform.moonshot.ai/docs/api/estimate
  "text/tokenization",              // watsonx: cloud.ibm.com/apidocs/watsonx-ai#text-tokenization

  // Files (OpenAI, Azure, Anthropic, Gemini, DashScope) and collections of them: platform.openai.com/docs/api-reference/
  // files, uploads, containers, vector-stores
  "files",
  "uploads", "uploads/upload_*/parts", "uploads/upload_*/complete", "uploads/upload_*/cancel",
  "containers", "containers/cntr_*/files",
  "vector_stores", "vector_stores/vs_*", "vector_stores/vs_*/files", "vector_stores/vs_*/files/file-*",
  "vector_stores/vs_*/file_batches", "vector_stores/vs_*/file_batches/vsfb_*/cancel",
  "cachedContents",                 // Gemini: ai.google.dev/api/caching; cached content counts when it is used

  // Cancelling batches, see `BATCHES`
  "batches/batch_*/cancel", "messages/batches/msgbatch_*/cancel",

  // Fine-tuning is billed separately: platform.openai.com/docs/api-reference/fine-tuning
  "fine_tuning/jobs", "fine_tuning/jobs/ftjob-*/cancel", "fine_tuning/jobs/ftjob-*/pause",
  "fine_tuning/jobs/ftjob-*/resume",

  // Objects without messages: platform.openai.com/docs/api-reference/assistants, conversations. Messages posted to threads and
  // conversations are not free: they are the input of a later run or response, whose usage may never be seen.
  "assistants", "assistants/asst_*",
  "threads/thread_*/runs/run_*/cancel",
  "conversations/conv_*",
  "responses/resp_*/cancel",        // platform.openai.com/docs/api-reference/responses/cancel

  // Ollama: github.com/ollama/ollama docs/api.md
  "api/show", "api/pull", "api/push", "api/create", "api/copy", "api/delete", "api/blobs/sha256:*",
];

/** The same for batches: their calls are charged when the results are fetched, which report the usage. */
// prettier-ignore
export const BATCHES: string[] = [
  "v1/batches", "openai/batches",   // platform.openai.com/docs/api-reference/batch, learn.microsoft.com/azure/ai-foundry
  "messages/batches",               // docs.claude.com/en/api/creating-message-batches
];

/**
 * What may precede these endings, besides the version of an API. After anything else, an ending may call a model. An ending of
 * several segments is unmistakable, so a gateway may add one segment in front.
 */
// prettier-ignore
export const BASES: string[] = [
  "api", "openai", "anthropic",
  "*/projects/*/locations/*", "*/projects/*/locations/*/publishers/*", // Vertex: cloud.google.com/vertex-ai/docs/reference/rest
];

/**
 * Segments that call a model, so that no free endpoint has one before its ending. As the last segment, one of them makes even
 * a GET suspicious.
 */
// prettier-ignore
export const CALLS: string[] = (
  "chat completions completion messages responses complete generate generate_stream embeddings " +
  "embed rerank invoke invoke-with-response-stream converse converse-stream predict infer " +
  "infill generation text-generation generations speech transcriptions translations edits " +
  "interactions variations chat-messages moderations score run invocations"
).split(" ");
