import { sha256Add, sha256Begin, sha256End } from "../bytes/sha256";
import { Demand } from "./demand";

const number = memory.data(8, 8);

/**
 * The name of an answer that can be fetched again: 128 bits of a hash of its id, its usage and the counters it is charged to.
 * So an id that another caller uses, or that comes again with other counts, makes no call free.
 */
@final
export class AnswerName {
  high: u64 = 0;
  low: u64 = 0;

  clear(): void {
    this.high = 0;
    this.low = 0;
  }

  /**
   * Computes the name of an answer. It stays unknown if the id is empty.
   * @param id, idSize address and length of its id
   * @param input, output the counts that it reports, in tokens, not weighted
   * @param demand what it will be charged to
   */
  set(id: usize, idSize: i32, input: i64, output: i64, demand: Demand): void {
    if (idSize == 0) return this.clear();
    sha256Begin();
    addNumber(input);
    addNumber(output);
    for (let i = 0; i < demand.length; ++i) {
      // Its size, so that nobody can move bytes from one key, or from the id, to another.
      addNumber(demand.keySize(i));
      sha256Add(demand.key(i), demand.keySize(i));
    }
    sha256Add(id, idSize);
    const digest = sha256End();
    this.high = load<u64>(digest);
    this.low = load<u64>(digest, 8);
  }
}

/** Adds a number to the hash, in eight bytes. */
function addNumber(value: i64): void {
  store<i64>(number, value);
  sha256Add(number, 8);
}
