import { SPACE } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, equalsAt, indexOfByte } from "../bytes/bytes";
import { Failure } from "./failure";

const ASK = bytesOf("ASK");
const MOVED = bytesOf("MOVED");

/**
 * First words of errors with which Redis refuses a command before it starts. Others, such as ERR, may come from a proxy in
 * front of Redis, which does not know whether the command was carried out.
 */
const WORDS: Bytes[] = [
  ASK,
  bytesOf("BUSY"),
  bytesOf("CLUSTERDOWN"),
  bytesOf("CROSSSLOT"),
  bytesOf("LOADING"),
  bytesOf("MASTERDOWN"),
  bytesOf("MISCONF"),
  MOVED,
  bytesOf("NOPERM"),
  bytesOf("NOREPLICAS"),
  bytesOf("NOSCRIPT"),
  bytesOf("OOM"),
  bytesOf("READONLY"),
  bytesOf("TRYAGAIN"),
];

/** Whether an error says that the command was not carried out. */
export function isRefusal(error: Bytes): bool {
  for (let i = 0; i < WORDS.length; ++i) {
    if (beginsWith(error, WORDS[i])) return true;
  }
  return false;
}

/** The kind of failure that an error from Redis is in reports: ErrorReply or Redirected. */
export function kindOf(error: Bytes): Failure {
  return beginsWith(error, MOVED) || beginsWith(error, ASK) ? Failure.Redirected : Failure.ErrorReply;
}

/** Whether `word` is the first word of an error. */
function beginsWith(error: Bytes, word: Bytes): bool {
  const ptr = addressOf(error);
  const space = indexOfByte(ptr, error.byteLength, SPACE, 0);
  return equalsAt(ptr, space < 0 ? error.byteLength : space, word);
}
