import { addressOf } from "../bytes/bytes";
import { ByteBuilder } from "../bytes/builder";
import { hexValue } from "../bytes/ascii";
import { sha1Hex } from "../bytes/sha1";
import { Demand } from "./demand";

/** Enough for any id, two counts and some counters; more of them are not needed to tell callers apart. */
const text = new ByteBuilder(512, 1 << 16);

/**
 * The name of an answer that can be fetched again: 128 bits of a hash of its id, its usage and the counters it is charged to.
 * So an id that another caller uses, or that comes again with other counts, makes no call free.
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
   * Computes the name of an answer. It stays unknown if the id is empty, or if the text to hash is too long.
   * @param id, idSize address and length of its id
   * @param input, output the counts that it reports, in tokens, not weighted
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
