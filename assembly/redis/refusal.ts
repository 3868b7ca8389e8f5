import { SPACE } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, equalsAt, indexOfByte, startsWith } from "../bytes/bytes";
import { Failure } from "./failure";

const ASK = bytesOf("ASK");
const MOVED = bytesOf("MOVED");
const NOPERM = bytesOf("NOPERM");
const UNKNOWN_COMMAND = bytesOf("ERR unknown command");
/** From Redis, and from versions and proxies that say it otherwise. */
const NO_DATABASE = bytesOf("ERR DB index");
const INVALID_DATABASE = bytesOf("ERR invalid DB index");
const ONE_DATABASE = bytesOf("ERR SELECT is not allowed");

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
  NOPERM,
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

/** The kind of failure that an error from Redis is in reports: ErrorReply, or a kind that says what to do. */
export function kindOf(error: Bytes): Failure {
  if (beginsWith(error, MOVED) || beginsWith(error, ASK)) return Failure.Redirected;
  if (beginsWith(error, NOPERM) || startsWith(error, UNKNOWN_COMMAND)) return Failure.ScriptsRefused;
  const isDatabase =
    startsWith(error, NO_DATABASE) || startsWith(error, INVALID_DATABASE) || startsWith(error, ONE_DATABASE);
  return isDatabase ? Failure.NoDatabase : Failure.ErrorReply;
}

/** Whether `word` is the first word of an error. */
function beginsWith(error: Bytes, word: Bytes): bool {
  const ptr = addressOf(error);
  const space = indexOfByte(ptr, error.byteLength, SPACE, 0);
  return equalsAt(ptr, space < 0 ? error.byteLength : space, word);
}
