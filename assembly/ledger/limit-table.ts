import { ByteTable } from "../bytes/table";
import { Limit, Window } from "./limit";

/** The lengths of the windows that a limit may have, in seconds, ascending. */
const SECONDS: i32[] = [1, 60, 3600, 86400];
export const WINDOWS: i32 = 4;

/** A limit as bytes: for each of its windows the place in `SECONDS`, and the tokens. */
const WINDOW_BYTES: i32 = 9;
const scratch = memory.data(36);

/**
 * The limits of a configuration, each different one kept once. Until `complete` they are bytes in one array, so that
 * the objects that live on stand side by side, and not scattered among what was needed to read the configuration: that
 * becomes garbage, and is free for requests in large pieces then.
 */
@final
export class LimitTable {
  private known: ByteTable = new ByteTable();
  /** For each limit where `known` keeps it. */
  private places: u32[] = [];
  private limits: StaticArray<Limit> = new StaticArray<Limit>(0);

  /**
   * The number of a limit.
   * @param tokens the tokens in a second, minute, hour and day; 0 for windows that it does not have
   */
  add(tokens: StaticArray<i64>): i32 {
    let end = scratch;
    for (let i = 0; i < WINDOWS; ++i) {
      if (tokens[i] == 0) continue;
      store<u8>(end, <u8>i);
      store<i64>(end, tokens[i], 1);
      end += WINDOW_BYTES;
    }
    const length = <i32>(end - scratch);
    const known = this.known.find(scratch, length);
    if (known >= 0) return known;
    this.places.push(this.known.end);
    this.known.addAt(scratch, length, this.places.length - 1);
    return this.places.length - 1;
  }

  /** To be called after the last `add` and before the first `get`. */
  complete(): void {
    const limits = new StaticArray<Limit>(this.places.length);
    for (let id = 0; id < limits.length; ++id) {
      const place = this.places[id];
      limits[id] = limitOf(this.known.addressAt(place), this.known.lengthAt(place));
    }
    this.limits = limits;
    this.known = new ByteTable();
    this.places = [];
  }

  /** The limit of that number. */
  get(id: i32): Limit {
    return this.limits[id];
  }
}

function limitOf(ptr: usize, len: i32): Limit {
  const windows = new StaticArray<Window>(len / WINDOW_BYTES);
  for (let i = 0; i < windows.length; ++i) {
    const at = ptr + i * WINDOW_BYTES;
    windows[i] = new Window(SECONDS[load<u8>(at)], load<i64>(at, 1));
  }
  return new Limit(windows);
}
