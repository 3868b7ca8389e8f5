import { ByteBuilder } from "../bytes/builder";
import { Bytes, copyOf } from "../bytes/bytes";

/** What begins the place of a number in a template; scripts/lua-scripts.mjs writes them. */
const PLACE: i32 = 1;
/** A summand of 0; smaller ones are negative. */
const ZERO: i32 = 64;
/** Binary logarithm of the most counters that a script is written for. */
const MOST_DOUBLINGS: i32 = 9;
const DIGEST_SIZE: i32 = 40;

/** A Lua script, which Redis caches by the SHA-1 of its text. */
@final
export class Script {
  constructor(
    readonly sha1: Bytes,
    private readonly family: ScriptFamily,
    private readonly counters: i32,
  ) {}

  /** Its text, made anew: only a Redis that does not know it yet has to see it. */
  text(): Bytes {
    return this.family.textFor(this.counters);
  }
}

/**
 * A Lua script that is written for 1, 2, 4, … counters, because it spells its keys out: `KEYS[1]`, `KEYS[2]`. The proxies of
 * Alibaba Cloud's clusters read a script before they run it, and refuse one in which a key is written in any other way: as a
 * variable, an expression, or `KEYS[i]` in a loop (https://help.aliyun.com/document_detail/92942.htm,
 * https://developer.aliyun.com/ask/466195). So there is a text for so many counters at the most, which ends early when it is
 * given fewer; and the first key is always a counter, since proxies send a script to where its first key is.
 * `tests/lua/proxy.test.ts` reads them as such a proxy does.
 *
 * The last argument of each is the number of the command, and the last element of its reply: by it the filter knows whose
 * reply it is (`script.ts`).
 */
@final
export class ScriptFamily {
  /** By the binary logarithm of the number of counters. */
  private readonly members: StaticArray<Script | null> = new StaticArray<Script | null>(MOST_DOUBLINGS + 1);

  /**
   * @param headSize the length of what each text begins with
   * @param eachSize the length of what follows for each counter, a template
   * @param from the number of the first counter for which that follows
   * @param data where both are, and behind them the SHA-1 of the text for 1, 2, 4, … counters, in hexadecimal
   */
  constructor(
    private readonly headSize: i32,
    private readonly eachSize: i32,
    private readonly from: i32,
    private readonly data: usize,
  ) {}

  /** The script for so many counters, at least one; null when there are too many. */
  scriptFor(counters: i32): Script | null {
    const doublings = counters > 1 ? 32 - clz<i32>(counters - 1) : 0;
    if (doublings > MOST_DOUBLINGS) return null;
    const known = this.members[doublings];
    if (known !== null) return known;
    const digest = this.data + this.headSize + this.eachSize + doublings * DIGEST_SIZE;
    const made = new Script(copyOf(digest, DIGEST_SIZE), this, 1 << doublings);
    this.members[doublings] = made;
    return made;
  }

  /** The text for so many counters. */
  textFor(counters: i32): Bytes {
    const out = new ByteBuilder(this.headSize + counters * this.eachSize * 2);
    out.at(this.data, this.headSize);
    for (let i = this.from; i <= counters; ++i) this.append(out, i);
    return out.toBytes();
  }

  /** Writes what the text has for one counter. */
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
