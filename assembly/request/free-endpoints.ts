import {
  ASTERISK,
  BACKSLASH,
  COLON,
  DOT,
  equalsIgnoreCase,
  HASH,
  hexValue,
  isDigit,
  isLetter,
  LOWER_V,
  MINUS,
  PERCENT,
  QUESTION,
  SLASH,
  UNDERSCORE,
} from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, EMPTY, equals, equalsAt, indexOfByte } from "../bytes/bytes";
import { HttpSource } from "./header-facts";
import { forgetPath, isUnclearPath, readPath, segmentsOfPath } from "./path-ending";

/*
 * Which requests certainly consume no tokens: they are neither checked nor charged an estimate. The sender chooses method,
 * path and headers, so a request is free only if every upstream understands it in the same way. All others may consume
 * tokens.
 */

/**
 * How the paths of endpoints end that consume no tokens for a POST, or for a DELETE with a body. One of `BASES` precedes the
 * ending. `*` stands for the rest of a segment, at least one character.
 *
 * If you add one, name the source. Some endpoints that cost little or nothing are missing on purpose: moderations and
 * reranking (a model reads the input), searches of vector stores (they embed the query), runs, evaluations, Gemini's batches
 * (the filter cannot read their reports).
 */
// prettier-ignore
const ENDINGS: string[] = [
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
const BATCHES: string[] = [
  "v1/batches", "openai/batches",   // platform.openai.com/docs/api-reference/batch, learn.microsoft.com/azure/ai-foundry
  "messages/batches",               // docs.claude.com/en/api/creating-message-batches
];

/**
 * What may precede these endings, besides the version of an API. After anything else, an ending may call a model. An ending of
 * several segments is unmistakable, so a gateway may add one segment in front.
 */
// prettier-ignore
const BASES: string[] = [
  "api", "openai", "anthropic",
  "*/projects/*/locations/*", "*/projects/*/locations/*/publishers/*", // Vertex: cloud.google.com/vertex-ai/docs/reference/rest
];

/**
 * Segments that call a model, so that no free endpoint has one before its ending. As the last segment, one of them makes even
 * a GET suspicious.
 */
// prettier-ignore
const CALLS: string[] = (
  "chat completions completion messages responses complete generate generate_stream embeddings " +
  "embed rerank invoke invoke-with-response-stream converse converse-stream predict infer " +
  "infill generation text-generation generations speech transcriptions translations edits " +
  "interactions variations chat-messages moderations score run invocations"
).split(" ");

/** Headers with which a caller may turn a request into another one. Upstreams and proxies differ in which they follow. */
const DISGUISES: Bytes[] = [
  bytesOf("x-http-method-override"),
  bytesOf("x-http-method"),
  bytesOf("x-method-override"),
  bytesOf("x-original-url"),
  bytesOf("x-rewrite-url"),
  bytesOf("x-original-uri"),
  bytesOf("x-forwarded-uri"),
  bytesOf("x-envoy-original-path"),
  bytesOf("upgrade"),
];

/** The last segments of paths to which a POST may store its answer, which can then be fetched below the same path. */
const STORES: Bytes[] = [bytesOf("responses"), bytesOf("interactions")];

/** What a request may consume. */
export const enum Consumes {
  /** Certainly nothing. */
  Nothing,
  /** Nothing now, but it creates calls that will be charged when their answers are fetched. */
  Later,
  /** Nothing, but the answer may report what earlier requests have consumed. */
  Report,
  /** The same; the answer is a stored one of a model. */
  StoredAnswer,
  Tokens,
  /** Tokens; the answer may be stored. */
  NewAnswer,
}

const OPTIONS = bytesOf("OPTIONS");
const HEAD = bytesOf("HEAD");
const GET = bytesOf("GET");
const DELETE = bytesOf("DELETE");
const POST = bytesOf("POST");
const PARAM_METHOD = bytesOf("method");

/** Longer paths, or paths with more segments, may consume tokens. */
const MAX_PATH: i32 = 1024;
const MAX_SEGMENTS: i32 = 16;

const CALL_NAMES: Bytes[] = CALLS.map<Bytes>((name) => bytesOf(name));
const PATTERNS: Pattern[] = ENDINGS.concat(BATCHES).map<Pattern>((text) => new Pattern(text));
const BASE_PATTERNS: Pattern[] = BASES.map<Pattern>((text) => new Pattern(text));

// The path of the last POST whose headers did not matter, the same object for the same path, and what the request consumes.
let postedPath: Bytes = EMPTY;
let posted: Consumes = Consumes.Tokens;

/** Where the segments of the current path begin, their number, and where the last one ends. */
const STARTS: usize = memory.data(MAX_SEGMENTS << 2);
let segments: i32 = 0;
let pathEnd: usize = 0;

/** One of `ENDINGS` or `BASES`. */
@final
class Pattern {
  readonly text: Bytes;
  readonly segments: i32;
  /** The last byte; 0 if it can be any. */
  readonly last: u8;

  constructor(text: string) {
    const last = <u8>text.charCodeAt(text.length - 1);
    this.text = bytesOf(text);
    this.segments = text.split("/").length;
    this.last = last == ASTERISK ? 0 : last;
  }
}

/**
 * What a request may consume.
 *
 * OPTIONS, HEAD, GET and DELETE without a body do not generate anything (RFC 9110, 9.2.1 and 9.3.5), unless they change the
 * protocol. A GET may report what an earlier request has consumed.
 * @param request looked up for other headers, if needed
 * @param hasBody whether a body follows the headers
 */
export function consumes(
  method: Bytes | null,
  path: Bytes | null,
  request: HttpSource,
  hasBody: bool,
): Consumes {
  if (method === null || path === null) return Consumes.Tokens;
  const isPost = equals(method, POST);
  if (isPost && path === postedPath) return posted;
  const from = addressOf(path);
  const end = pathEndOf(path);
  const start = segmentStart(from, end);
  if (isPost) {
    // No free endpoint ends with the name of a call, so the last segment is enough to recognize most calls.
    if (!isCallName(start, <i32>(end - start)) && isPlain(path)) {
      const consuming = consumesByEnding();
      if (consuming != Consumes.Tokens) return isDisguised(request) ? Consumes.Tokens : consuming;
    }
    postedPath = path.byteLength <= MAX_PATH ? path : EMPTY;
    posted = isStore(start, end) ? Consumes.NewAnswer : Consumes.Tokens;
    return posted;
  }
  if (equals(method, DELETE) && hasBody) {
    const isFree = isPlain(path) && consumesByEnding() != Consumes.Tokens && !isDisguised(request);
    return isFree ? Consumes.Nothing : Consumes.Tokens;
  }
  const isGet = equals(method, GET);
  const asksNothing = equals(method, OPTIONS) || equals(method, HEAD);
  if (hasBody || (!isGet && !asksNothing && !equals(method, DELETE))) return Consumes.Tokens;
  const reading = asksNothing ? Consumes.Nothing : readByPath(path);
  if (reading == Consumes.Tokens) return reading;
  if (hasQuery(path, PARAM_METHOD) || isDisguised(request)) return Consumes.Tokens;
  return isGet ? reading : Consumes.Nothing;
}

/** What a GET or DELETE of a path consumes, however that is spelt: some servers do call a model for one. */
function readByPath(path: Bytes): Consumes {
  readPath(path);
  const from = segmentsOfPath().ptr;
  const end = from + segmentsOfPath().length;
  const start = segmentStart(from, end);
  let reading = Consumes.Report;
  if (isUnclearPath() || isCallName(start, <i32>(end - start))) reading = Consumes.Tokens;
  else if (start > from && isStore(segmentStart(from, start - 1), start - 1)) reading = Consumes.StoredAnswer;
  forgetPath();
  return reading;
}

/** Whether a header may turn the request into another one. */
export function isDisguised(request: HttpSource): bool {
  for (let i = 0; i < DISGUISES.length; ++i) {
    if (request.header(DISGUISES[i]) !== null) return true;
  }
  return false;
}

/** Whether the segment from `start` to `end` is one of `STORES`. */
function isStore(start: usize, end: usize): bool {
  for (let i = 0; i < STORES.length; ++i) {
    if (equalsAt(start, <i32>(end - start), STORES[i])) return true;
  }
  return false;
}

/** The end of a path, without the query and one trailing slash. */
function pathEndOf(path: Bytes): usize {
  const from = addressOf(path);
  const limit = from + path.byteLength;
  let end = from;
  while (end < limit && load<u8>(end) != QUESTION) ++end;
  return end > from && load<u8>(end - 1) == SLASH ? end - 1 : end;
}

/** The beginning of the last segment of the path from `from` to `end`. */
function segmentStart(from: usize, end: usize): usize {
  let start = end;
  while (start > from && load<u8>(start - 1) != SLASH) --start;
  return start;
}

/**
 * Whether no server can mistake the path for another one: its segments have only letters, digits, `-`, `_`, `.` and `:`, none
 * is empty or has only dots, and the query has no slash and no method. Stores where the segments begin.
 */
function isPlain(path: Bytes): bool {
  const from = addressOf(path);
  if (path.byteLength < 2 || path.byteLength > MAX_PATH || load<u8>(from) != SLASH) return false;
  const limit = from + path.byteLength;
  let end = from;
  while (end < limit && load<u8>(end) != QUESTION) ++end;
  for (let at = end; at < limit; ++at) {
    const c = load<u8>(at);
    if (c == SLASH || c == PERCENT || c == HASH || c == BACKSLASH) return false;
  }
  if (hasQuery(path, PARAM_METHOD)) return false;
  // Some servers ignore one trailing slash; to no other server does it lead to a different endpoint.
  if (load<u8>(end - 1) == SLASH) --end;

  segments = 0;
  let at = from;
  while (at < end) {
    const start = ++at;
    let onlyDots = true;
    while (at < end && load<u8>(at) != SLASH) {
      const c = load<u8>(at++);
      if (c == DOT) continue;
      onlyDots = false;
      if (!isLetter(c) && !isDigit(c) && c != MINUS && c != UNDERSCORE && c != COLON) return false;
    }
    if (onlyDots || segments == MAX_SEGMENTS) return false;
    store<u32>(STARTS + (segments++ << 2), <u32>start);
  }
  pathEnd = end;
  return segments > 0;
}

/**
 * What the plain path consumes: nothing, now or at all, if it consists of one of `BASES` and one of `ENDINGS` or `BATCHES`, and
 * no segment before the ending calls a model.
 */
function consumesByEnding(): Consumes {
  const last = load<u8>(pathEnd - 1);
  for (let i = 0; i < PATTERNS.length; ++i) {
    const pattern = PATTERNS[i];
    const before = segments - pattern.segments;
    if (before < 0 || (pattern.last != 0 && pattern.last != last)) continue;
    if (!matches(pattern.text, segmentAt(before), pathEnd)) continue;
    if (isBase(before, pattern.segments) && !anyCalls(before)) {
      return i < ENDINGS.length ? Consumes.Nothing : Consumes.Later;
    }
  }
  return Consumes.Tokens;
}

/**
 * Whether the first `count` segments may precede an ending of `ofEnding` segments. The first version in a path begins the part
 * that a provider has named (`/v1/files`, `/openai/v1/files`, `/api/paas/v4/files`); gateways put any names in front of it.
 */
function isBase(count: i32, ofEnding: i32): bool {
  if (count == 0 || (count == 1 && ofEnding > 1) || firstVersion(count) == count - 1) return true;
  const end = segmentAt(count) - 1;
  for (let i = 0; i < BASE_PATTERNS.length; ++i) {
    const pattern = BASE_PATTERNS[i];
    const own = count - pattern.segments;
    if (own != 0 && (own != 1 || ofEnding == 1)) continue;
    if (matches(pattern.text, segmentAt(own), end)) return true;
  }
  return false;
}

/** The index of the first version, such as `v1`, among the first `count` segments; -1 if there is none. One more must follow. */
function firstVersion(count: i32): i32 {
  for (let i = 0; i < count; ++i) {
    const start = segmentAt(i);
    if ((load<u8>(start) | 0x20) == LOWER_V && isDigit(load<u8>(start, 1))) return i;
  }
  return -1;
}

// @ts-ignore: decorator
@inline
function segmentAt(index: i32): usize {
  return <usize>load<u32>(STARTS + (index << 2));
}

/** Whether the text from `at` to `end` matches the pattern. */
function matches(pattern: Bytes, at: usize, end: usize): bool {
  const stop = addressOf(pattern) + pattern.byteLength;
  let p = addressOf(pattern);
  let t = at;
  while (p < stop) {
    const c = load<u8>(p++);
    if (c != ASTERISK) {
      if (t == end || load<u8>(t++) != c) return false;
      continue;
    }
    // The rest of the segment, up to the colon of a Google verb. Before another segment, a colon belongs to a Bedrock model.
    const isBefore = p < stop && load<u8>(p) == SLASH;
    const first = t;
    while (t < end && load<u8>(t) != SLASH && (isBefore || load<u8>(t) != COLON)) ++t;
    if (t == first) return false;
  }
  return t == end;
}

/** Whether one of the first `count` segments calls a model. One more must follow. */
function anyCalls(count: i32): bool {
  for (let i = 0; i < count; ++i) {
    const start = segmentAt(i);
    const length = <i32>(segmentAt(i + 1) - 1 - start);
    if (isCallName(start, length) || indexOfByte(start, length, COLON, 0) >= 0) return true;
  }
  return false;
}

function isCallName(ptr: usize, length: i32): bool {
  for (let i = 0; i < CALL_NAMES.length; ++i) {
    if (equalsIgnoreCase(ptr, length, CALL_NAMES[i])) return true;
  }
  return false;
}

/** Whether the query of a path contains `text`, in any letter case, with or without escapes. */
function hasQuery(path: Bytes, text: Bytes): bool {
  const from = addressOf(path);
  const limit = from + path.byteLength;
  let at = from;
  while (at < limit && load<u8>(at) != QUESTION) ++at;
  for (; at + text.byteLength <= limit; ++at) {
    let next = at;
    let i = 0;
    for (; i < text.byteLength && next < limit; ++i) {
      let c = load<u8>(next++);
      if (c == PERCENT && limit - next >= 2) {
        c = <u8>((hexValue(load<u8>(next)) << 4) | hexValue(load<u8>(next, 1)));
        next += 2;
      }
      if ((c | 0x20) != load<u8>(addressOf(text) + i)) break;
    }
    if (i == text.byteLength) return true;
  }
  return false;
}
