import { ByteTable } from "../bytes/table";
import { CounterKind } from "./counter-kind";
import { Counting, Limit, Window } from "./limit";

/** The lengths of the windows that a limit may have of each unit, in seconds, ascending. */
const SECONDS: i32[] = [1, 60, 3600, 86400, 604800, 2592000];
export const LENGTHS: i32 = 6;
/** Windows of tokens and of requests. */
export const WINDOWS: i32 = 2 * LENGTHS;

/**
 * A limit as bytes: the kind of its windows (u8), the offset of its calendar (i32), the burst of a bucket (i64), calls at the
 * same time (i64); then, for each of its windows, which of `WINDOWS` it is (u8) and what it allows (i64).
 */
const HEAD_BYTES: i32 = 21;
const WINDOW_BYTES: i32 = 9;
const scratch = memory.data(129);

/**
 * The limits of a configuration. Equal limits are kept once. Until `complete`, limits are bytes in one array. So the objects
 * that stay are allocated side by side, not scattered among those needed only to read the configuration, and the garbage
 * of reading leaves large free blocks for requests.
 */
@final
export class LimitTable {
  private known: ByteTable = new ByteTable();
  /** For each limit where `known` keeps it. */
  private places: u32[] = [];
  private limits: StaticArray<Limit> = new StaticArray<Limit>(0);

  /**
   * Adds a limit unless an equal one is there.
   * @param amounts `WINDOWS` elements: the tokens per second, minute, hour, day, week and month, and the requests; 0 for a window
   * that the limit lacks
   * @param counting how its windows count
   * @param burst of a bucket of tokens; 0 for what it gets back in its time
   * @param inFlight calls at the same time; 0 for any number
   * @returns the number of the limit, from 0
   */
  add(amounts: StaticArray<i64>, counting: Counting, burst: i64, inFlight: i64): i32 {
    store<u8>(scratch, <u8>counting.kind);
    store<i32>(scratch, counting.aheadSeconds, 1);
    store<i64>(scratch, burst, 5);
    store<i64>(scratch, inFlight, 13);
    let end = scratch + HEAD_BYTES;
    for (let i = 0; i < WINDOWS; ++i) {
      if (amounts[i] == 0) continue;
      store<u8>(end, <u8>i);
      store<i64>(end, amounts[i], 1);
      end += WINDOW_BYTES;
    }
    const length = <i32>(end - scratch);
    const known = this.known.find(scratch, length);
    if (known >= 0) return known;
    this.places.push(this.known.end);
    this.known.addAt(scratch, length, this.places.length - 1);
    return this.places.length - 1;
  }

  /** Call this once, after the last `add` and before the first `get`. */
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

  /** @param id a number that `add` has returned; any other traps */
  get(id: i32): Limit {
    return this.limits[id];
  }
}

function limitOf(ptr: usize, len: i32): Limit {
  const kind = <CounterKind>load<u8>(ptr);
  const ahead = load<i32>(ptr, 1);
  const burst = load<i64>(ptr, 5);
  const inFlight = load<i64>(ptr, 13);
  const count = (len - HEAD_BYTES) / WINDOW_BYTES;
  const windows = new StaticArray<Window>(count + (inFlight > 0 ? 1 : 0));
  for (let i = 0; i < count; ++i) {
    const at = ptr + HEAD_BYTES + i * WINDOW_BYTES;
    const which = <i32>load<u8>(at);
    const amount = load<i64>(at, 1);
    const detail = kind == CounterKind.Calendar ? ahead : amount;
    const seconds = SECONDS[which % LENGTHS];
    windows[i] =
      which < LENGTHS
        ? new Window(kind, seconds, burst > 0 ? burst : amount, detail)
        : new Window(kind | CounterKind.Requests, seconds, amount, detail);
  }
  if (inFlight > 0) windows[count] = new Window(CounterKind.InFlight, 0, inFlight, 0);
  return new Limit(windows);
}
