import { addressOf } from "../../bytes/bytes";
import { ByteBuilder } from "../../bytes/builder";
import { hexValue } from "../../bytes/ascii";
import { sha1Hex } from "../../bytes/sha1";
import { Counters } from "../../ledger/counters";
import { AnswerId } from "../../usage/answer-id";
import { Usage } from "../../usage/usage";

/** Enough for any id, two counts and some counters; more of them are not needed to tell callers apart. */
const text = new ByteBuilder(512, 1 << 16);

/**
 * What an answer is known by that can be fetched again: 128 bits of a hash over its id, its usage, and the counters that it
 * is charged to. So an id that somebody else uses, or that comes again with other counts, makes no call free.
 */
@final
export class AnswerName {
  high: u64 = 0;
  low: u64 = 0;

  get isKnown(): bool {
    return (this.high | this.low) != 0;
  }

  clear(): void {
    this.high = 0;
    this.low = 0;
  }

  /** Takes the name of an answer, if it has an id. */
  set(id: AnswerId, usage: Usage, counters: Counters): void {
    this.clear();
    if (id.length == 0) return;
    text.clear();
    text.decimal(usage.input).byte(0).decimal(usage.output).byte(0);
    for (let i = 0; i < counters.length; ++i) {
      text.decimal(counters.keySize(i)).byte(0).at(counters.key(i), counters.keySize(i));
    }
    text.at(id.ptr, id.length);
    if (text.overflowed) return;
    const hex = sha1Hex(text.toBytes());
    this.high = readHex(addressOf(hex));
    this.low = readHex(addressOf(hex) + 16);
  }
}

/** The number in the 16 hexadecimal digits at `ptr`. */
function readHex(ptr: usize): u64 {
  let value: u64 = 0;
  for (let i = 0; i < 16; ++i) value = (value << 4) | (<u64>hexValue(load<u8>(ptr + i)));
  return value;
}
