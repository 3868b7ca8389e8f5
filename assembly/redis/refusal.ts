import { SPACE } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, equalsAt, indexOfByte } from "../bytes/bytes";

/**
 * What Redis says in the first word of an error when it has not even begun with a command. Others, such as ERR, may come from
 * a proxy in front of it, which does not know whether Redis has carried the command out.
 */
const WORDS: Bytes[] = [
  bytesOf("ASK"),
  bytesOf("BUSY"),
  bytesOf("CLUSTERDOWN"),
  bytesOf("CROSSSLOT"),
  bytesOf("LOADING"),
  bytesOf("MASTERDOWN"),
  bytesOf("MISCONF"),
  bytesOf("MOVED"),
  bytesOf("NOPERM"),
  bytesOf("NOREPLICAS"),
  bytesOf("NOSCRIPT"),
  bytesOf("OOM"),
  bytesOf("READONLY"),
  bytesOf("TRYAGAIN"),
];

/** Whether an error says that the command was not carried out. */
export function isRefusal(error: Bytes): bool {
  const ptr = addressOf(error);
  const space = indexOfByte(ptr, error.byteLength, SPACE, 0);
  const size = space < 0 ? error.byteLength : space;
  for (let i = 0; i < WORDS.length; ++i) {
    if (equalsAt(ptr, size, WORDS[i])) return true;
  }
  return false;
}
