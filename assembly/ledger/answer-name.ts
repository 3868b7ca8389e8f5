import { addressOf } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { hexValue } from "../bytes/ascii";
import { sha1Hex } from "../bytes/sha1";
import { Demand } from "./demand";

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

  /**
   * Takes the name of an answer.
   * @param id, idSize where its id is; if that is empty, the answer has no name
   * @param input, output the counts that it reports, in tokens
   * @param demand what it will be charged to
   */
  set(id: usize, idSize: i32, input: i64, output: i64, demand: Demand): void {
    this.clear();
    if (idSize == 0) return;
    text.clear();
    text.decimal(input).byte(0).decimal(output).byte(0);
    for (let i = 0; i < demand.length; ++i) {
      text.decimal(demand.keySize(i)).byte(0).at(demand.key(i), demand.keySize(i));
    }
    text.at(id, idSize);
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
