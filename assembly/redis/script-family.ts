import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes } from "../bytes/bytes";

/** The byte that begins a number in a template, followed by a factor and a summand; scripts/lua-scripts.mjs writes them. */
const PLACE: i32 = 1;
/** The byte for a summand of 0; smaller bytes are negative summands. */
const ZERO: i32 = 64;
/** The binary logarithm of the largest number of counters that a script supports. */
const MOST_DOUBLINGS: i32 = 9;
/** The size of a SHA-1. */
const DIGEST_SIZE: i32 = 20;

/** A Lua script. Redis caches it by the SHA-1 of its text. */
@final
export class Script {
  constructor(
    readonly sha1: Bytes,
    private readonly family: ScriptFamily,
    private readonly counters: i32,
  ) {}

  /** The text. It is not kept, because only a Redis that does not have the script yet needs it. */
  text(): Bytes {
    return this.family.textFor(this.counters);
  }
}

/**
 * A Lua script in variants for 1, 2, 4, … counters, because it must spell out its keys: `KEYS[1]`, `KEYS[2]`. The proxies of
 * Alibaba Cloud's clusters read a script before they run it, and refuse one that writes a key in any other way: as a variable,
 * an expression, or `KEYS[i]` in a loop (https://help.aliyun.com/document_detail/92942.htm,
 * https://developer.aliyun.com/ask/466195). A variant ends early if it gets fewer counters. The first key is always a counter,
 * because proxies route a script by its first key. `tests/lua/proxy.test.ts` reads the scripts as such a proxy does.
 *
 * The last argument is the number of the command, which is also the last element of the reply; see `script.ts`.
 */
@final
export class ScriptFamily {
  /** The variants, by the binary logarithm of their number of counters. */
  private readonly members: StaticArray<Script | null> = new StaticArray<Script | null>(MOST_DOUBLINGS + 1);

  /**
   * @param headSize the length of the head, with which each text begins
   * @param eachSize the length of the template that follows for each counter
   * @param from the number of the first counter for which the template follows
   * @param data the address of head and template, then the SHA-1 of the texts for 1, 2, 4, … counters
   */
  constructor(
    private readonly headSize: i32,
    private readonly eachSize: i32,
    private readonly from: i32,
    private readonly data: usize,
  ) {}

  /** The script for this number of counters, at least one; null if there are too many. */
  scriptFor(counters: i32): Script | null {
    const doublings = counters > 1 ? 32 - clz<i32>(counters - 1) : 0;
    if (doublings > MOST_DOUBLINGS) return null;
    const known = this.members[doublings];
    if (known !== null) return known;
    const digest = this.data + this.headSize + this.eachSize + doublings * DIGEST_SIZE;
    const made = new Script(hexadecimal(digest, DIGEST_SIZE), this, 1 << doublings);
    this.members[doublings] = made;
    return made;
  }

  /** The text of the variant for `counters` counters. */
  textFor(counters: i32): Bytes {
    const out = new ByteBuilder(this.headSize + counters * this.eachSize * 2);
    out.at(this.data, this.headSize);
    for (let i = this.from; i <= counters; ++i) this.append(out, i);
    return out.toBytes();
  }

  /** Writes the template for one counter. */
  private append(out: ByteBuilder, counter: i32): void {
    const end = this.data + this.headSize + this.eachSize;
    for (let at = this.data + this.headSize; at < end; ++at) {
      const c = load<u8>(at);
      if (c != PLACE) {
        out.byte(c);
        continue;
      }
      out.decimal(counter * load<u8>(at, 1) + load<u8>(at, 2) - ZERO);
      at += 2;
    }
  }
}

function hexadecimal(ptr: usize, size: i32): Bytes {
  const text = new ArrayBuffer(2 * size);
  for (let i = 0; i < size; ++i) {
    store<u8>(addressOf(text) + 2 * i, digit(load<u8>(ptr + i) >> 4));
    store<u8>(addressOf(text) + 2 * i, digit(load<u8>(ptr + i) & 15), 1);
  }
  return text;
}

function digit(value: u8): u8 {
  return value < 10 ? 48 + value : 87 + value;
}
