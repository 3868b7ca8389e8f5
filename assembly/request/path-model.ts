import { COLON, SLASH } from "../bytes/ascii";
import { Bytes, bytesOf, equalsAt } from "../bytes/bytes";
import { AMBIGUOUS } from "./answers";
import { modelText } from "./model-name";
import { endsSurelyIn, forgetPath, isUnclearPath, readPath, segmentsOfPath } from "./path-ending";

/** Bedrock: docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html */
const BEDROCK = bytesOf("/model/");
const BEDROCK_OPERATIONS: Bytes[] = [
  bytesOf("/converse"),
  bytesOf("/converse-stream"),
  bytesOf("/invoke"),
  bytesOf("/invoke-with-response-stream"),
];
/** Azure: learn.microsoft.com/azure/ai-foundry/openai/reference; and LiteLLM, which takes slashes for a part of the name. */
const DEPLOYMENTS: Bytes[] = [bytesOf("/deployments/"), bytesOf("/engines/")];
const DEPLOYED_OPERATIONS: Bytes[] = [
  bytesOf("/extensions/chat/completions"),
  bytesOf("/chat/completions"),
  bytesOf("/completions"),
  bytesOf("/embeddings"),
  bytesOf("/images/generations"),
  bytesOf("/images/edits"),
];
/** Gemini and Vertex, whose operation follows a colon: ai.google.dev/api, cloud.google.com/vertex-ai/docs/reference/rest */
const GOOGLE: Bytes[] = [bytesOf("/models/"), bytesOf("/tunedmodels/"), bytesOf("/endpoints/")];
/**
 * Where the path names the model too, but nobody can tell how much of it: Hugging Face, KServe, Replicate, SageMaker, Vertex's
 * endpoints of customers' own models, Cloudflare. On Vertex's endpoint for all models, the body names it.
 */
const OTHERS: Bytes[] = [bytesOf("/models/"), bytesOf("/endpoints/"), bytesOf("/ai/run/")];
const OPENAPI = bytesOf("/endpoints/openapi/");

/**
 * The model that a path names, in the APIs of Azure, Bedrock, Gemini, Vertex and LiteLLM: their servers believe nothing else.
 * @returns null if it names none, `AMBIGUOUS` if servers may disagree on that
 */
export function modelInPath(path: Bytes): Bytes | null {
  readPath(path);
  const model = isUnclearPath() ? AMBIGUOUS : find();
  forgetPath();
  return model;
}

function find(): Bytes | null {
  const path = segmentsOfPath();
  const start = path.ptr;
  const end = start + path.length;
  for (let i = 0; i < BEDROCK_OPERATIONS.length; ++i) {
    const operation = BEDROCK_OPERATIONS[i];
    // The name may be an ARN, with slashes in it.
    if (endsSurelyIn(operation)) return between(start, end, BEDROCK, end - operation.byteLength);
  }
  let colon = end;
  while (colon > start && load<u8>(colon - 1) != SLASH && load<u8>(colon - 1) != COLON) --colon;
  if (colon > start && load<u8>(colon - 1) == COLON) {
    for (let i = 0; i < GOOGLE.length; ++i) {
      const model = between(start, end, GOOGLE[i], colon - 1);
      if (model !== null) return model;
    }
  }
  for (let i = 0; i < DEPLOYMENTS.length; ++i) {
    const model = between(start, end, DEPLOYMENTS[i], deployedEnd(end));
    if (model !== null) return model;
  }
  for (let i = 0; i < OTHERS.length; ++i) {
    const rest = between(start, end, OTHERS[i], end);
    if (rest !== null && between(start, end, OPENAPI, end) === null) return AMBIGUOUS;
  }
  return null;
}

/** Where the operation of a deployed model begins, if it is one whose model may have slashes; else 0. */
function deployedEnd(end: usize): usize {
  for (let i = 0; i < DEPLOYED_OPERATIONS.length; ++i) {
    if (endsSurelyIn(DEPLOYED_OPERATIONS[i])) return end - DEPLOYED_OPERATIONS[i].byteLength;
  }
  return 0;
}

/** What follows the first `prefix`: up to `stop`, or to the next slash if that is 0 and there is one. */
function between(start: usize, end: usize, prefix: Bytes, stop: usize): Bytes | null {
  const size = prefix.byteLength;
  for (let at = start; at + size < end; ++at) {
    if (!equalsAt(at, size, prefix)) continue;
    const from = at + size;
    let to = stop;
    if (to == 0) {
      to = from;
      while (to < end && load<u8>(to) != SLASH) ++to;
      if (to == end) return null;
    }
    if (to <= from) return null;
    const model = modelText(from, <i32>(to - from));
    return model !== null ? model : AMBIGUOUS;
  }
  return null;
}
