import { LEFT_BRACE } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes, bytesOf, equalsAt } from "../bytes/bytes";
import { UNITS } from "../ledger/counter-kind";
import { Decision } from "../ledger/decision";
import { appendLimitPath } from "../ledger/limit-path";

/** The words that stand for numbers and names in `rejected_msg`. Every other brace is only a brace. */
const WORDS: Bytes[] = [
  bytesOf("{limit}"),
  bytesOf("{used}"),
  bytesOf("{reset}"),
  bytesOf("{rule}"),
  bytesOf("{unit}"),
];

/** The number of the word at `ptr`, of which `left` bytes may belong to it; -1 if there is none. */
function wordAt(ptr: usize, left: i32): i32 {
  for (let i = 0; i < WORDS.length; ++i) {
    const size = WORDS[i].byteLength;
    if (left >= size && equalsAt(ptr, size, WORDS[i])) return i;
  }
  return -1;
}

/** Whether a message has words that `appendMessage` replaces. */
export function hasWords(message: Bytes): bool {
  const size = message.byteLength;
  for (let i = 0; i < size; ++i) if (wordAt(addressOf(message) + i, size - i) >= 0) return true;
  return false;
}

/** Appends a message about a denial. What replaces its words needs no escapes in JSON. */
export function appendMessage(out: ByteBuilder, message: Bytes, decision: Decision): void {
  const size = message.byteLength;
  let from = 0;
  for (let i = 0; i < size; ++i) {
    const at = addressOf(message) + i;
    const word = load<u8>(at) == LEFT_BRACE ? wordAt(at, size - i) : -1;
    if (word < 0) continue;
    out.at(addressOf(message) + from, i - from);
    appendWord(out, word, decision);
    i += WORDS[word].byteLength - 1;
    from = i + 1;
  }
  out.at(addressOf(message) + from, size - from);
}

function appendWord(out: ByteBuilder, word: i32, decision: Decision): void {
  if (word == 0) out.decimal(decision.capacity);
  else if (word == 1) out.decimal(decision.used);
  else if (word == 2) out.decimal(decision.retryAfterSeconds);
  else if (word == 3) appendLimitPath(out, decision.demand, decision.row);
  else out.text(UNITS[decision.demand.unit(decision.row)]);
}
