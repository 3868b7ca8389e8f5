import { DIGIT_0, equalsIgnoreCase, isDigit, MINUS, SLASH, toLower } from "../bytes/ascii";
import { Bytes, bytesOf } from "../bytes/bytes";

/** Which caps the servers of a model know in chat completions. */
export const enum Family {
  /** Others than OpenAI's. Some know `max_tokens` only and ignore the newer `max_completion_tokens`, as Ollama does. */
  Other,
  /** OpenAI's older models: either, but not both in one request. */
  Gpt,
  /** OpenAI's newer models: `max_completion_tokens` only. */
  Newer,
  /** The body names no model, as with Azure, where the path does. */
  Unnamed,
}

const GPT = bytesOf("gpt");
/** The models of OpenAI that anybody may serve. */
const GPT_OSS = bytesOf("gpt-oss");
const LOWER_O: u8 = 0x6f;
/** The first of the GPT models that refuses `max_tokens`. */
const NEWER_GPT: i32 = 5;

/**
 * The family of a model. Newer are o1 and its successors, and GPT from 5 on. A provider may stand before the name, as in
 * `openai/o3-mini`, and Azure's customers name models themselves, so `gpt` may stand anywhere in it.
 * @param ptr the name of the model, of `len` bytes
 */
export function familyOf(ptr: usize, len: i32): Family {
  if (takesNewerCap(ptr, len)) return Family.Newer;
  const end = ptr + len;
  for (let at = ptr; at < end; ++at) {
    if (beginsWith(at, end, GPT)) return beginsWith(at, end, GPT_OSS) ? Family.Other : Family.Gpt;
  }
  return Family.Other;
}

function takesNewerCap(ptr: usize, len: i32): bool {
  const end = ptr + len;
  let at = end;
  while (at > ptr && load<u8>(at - 1) != SLASH) --at;
  if (at < end && toLower(load<u8>(at)) == LOWER_O) {
    const rest = skipDigits(at + 1, end);
    return rest > at + 1 && (rest == end || load<u8>(rest) == MINUS);
  }
  if (!beginsWith(at, end, GPT)) return false;
  at += GPT.byteLength;
  if (at == end || load<u8>(at) != MINUS) return false;
  ++at;
  const rest = skipDigits(at, end);
  // Azure calls 3.5 gpt-35.
  return rest == at + 1 && <i32>(load<u8>(at) - DIGIT_0) >= NEWER_GPT;
}

function skipDigits(from: usize, end: usize): usize {
  let at = from;
  while (at < end && isDigit(load<u8>(at))) ++at;
  return at;
}

/** Whether the text begins with `prefix`, which is in lower case. */
function beginsWith(from: usize, end: usize, prefix: Bytes): bool {
  const size = prefix.byteLength;
  return end - from >= <usize>size && equalsIgnoreCase(from, size, prefix);
}
