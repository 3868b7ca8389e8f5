import { addressOf, Bytes } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { Limit, Window } from "./limit";

/** The lengths of the windows that a limit may have, in seconds, ascending. */
const SECONDS: i32[] = [1, 60, 3600, 86400];
export const WINDOWS: i32 = 4;

/** The tokens of all windows of one limit, 8 bytes each. */
const tokensOfLimit: Bytes = new ArrayBuffer(WINDOWS << 3);

/**
 * The limits of a configuration, each different one kept once. Until `complete` they are numbers in one array, so that
 * the objects that live on stand side by side, and not scattered among what was needed to read the configuration: that
 * becomes garbage, and is free for requests in large pieces then.
 */
@final
export class LimitTable {
  private readonly known: ByteTable = new ByteTable();
  private readonly tokens: i64[] = [];
  private limits: StaticArray<Limit> = new StaticArray<Limit>(0);

  /**
   * The number of a limit.
   * @param tokens the tokens in a second, minute, hour and day; 0 for windows that it does not have
   */
  add(tokens: StaticArray<i64>): i32 {
    memory.copy(addressOf(tokensOfLimit), changetype<usize>(tokens), WINDOWS << 3);
    const known = this.known.find(addressOf(tokensOfLimit), tokensOfLimit.byteLength);
    if (known >= 0) return known;
    const id = this.tokens.length / WINDOWS;
    this.known.add(tokensOfLimit, id);
    for (let i = 0; i < WINDOWS; ++i) this.tokens.push(tokens[i]);
    return id;
  }

  /** To be called after the last `add` and before the first `get`. */
  complete(): void {
    const count = this.tokens.length / WINDOWS;
    this.limits = new StaticArray<Limit>(count);
    for (let id = 0; id < count; ++id) this.limits[id] = limitOf(this.tokens, id * WINDOWS);
  }

  /** The limit of that number. */
  get(id: i32): Limit {
    return this.limits[id];
  }
}

function limitOf(tokens: i64[], from: i32): Limit {
  let count = 0;
  for (let i = 0; i < WINDOWS; ++i) count += i32(tokens[from + i] > 0);
  const windows = new StaticArray<Window>(count);
  for (let i = 0, at = 0; i < WINDOWS; ++i) {
    if (tokens[from + i] > 0) windows[at++] = new Window(SECONDS[i], tokens[from + i]);
  }
  return new Limit(windows);
}
