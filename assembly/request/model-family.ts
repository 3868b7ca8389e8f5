import { DIGIT_0, isDigit, MINUS, SLASH, toLower } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";

const GPT = bytesOf("gpt-");
const LOWER_O: u8 = 0x6f;
/** The first of the GPT models that refuses `max_tokens`. */
const NEWER_GPT: i32 = 5;

/**
 * Whether a model is one of OpenAI's that refuse `max_tokens` and take `max_completion_tokens`: o1 and its successors, and GPT
 * from 5 on. A provider may stand before it, as in `openai/o3-mini`.
 * @param ptr the name of the model, of `len` bytes
 */
export function takesNewerCap(ptr: usize, len: i32): bool {
  const end = ptr + len;
  let at = end;
  while (at > ptr && load<u8>(at - 1) != SLASH) --at;
  if (at < end && toLower(load<u8>(at)) == LOWER_O) {
    const rest = skipDigits(at + 1, end);
    return rest > at + 1 && (rest == end || load<u8>(rest) == MINUS);
  }
  if (!beginsWith(at, end, GPT)) return false;
  at += GPT.byteLength;
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
  if (end - from < <usize>prefix.byteLength) return false;
  for (let i = 0; i < prefix.byteLength; ++i) {
    if (toLower(load<u8>(from + i)) != load<u8>(addressOf(prefix) + i)) return false;
  }
  return true;
}
