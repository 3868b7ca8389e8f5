import { CounterKind } from "./counter-kind";
import { Demand } from "./demand";
import { MarkerName } from "./marker";
import { UNKNOWN_FOR_MS, UNMADE_FOR_MS } from "./schedule";

/** Bound on all charges that wait in one `WaitingRoom`, in bytes. What finds no room is lost. */
const MAX_BYTES: i32 = 4 << 20;
/** What the allocator adds to each block, in bytes, about. */
const BLOCK_BYTES: i32 = 16;
/** A power of two. */
const BUCKETS: i32 = 1024;

/** A waiting charge: this head, then a `Row` for each counter, then their keys. Times are the outbox's, in milliseconds. */
@unmanaged
export class WaitingCharge {
  /** The addresses of the next charge, and of the next one in the same bucket; 0 at the end. */
  next: usize;
  nextInBucket: usize;
  tokens: i64;
  idHigh: u64;
  idLow: u64;
  /** The deadline of its marker, by Redis' clock. */
  deadlineMs: i64;
  /** Since when it has been waiting, and when to try it again. */
  sinceMs: i64;
  dueMs: i64;
  hash: u32;
  attempts: i32;
  name: MarkerName;
  mayBeMade: bool;
  /** Whether it settles a hold; when that lapses, by Redis' clock, and what is reserved on each counter, as far as is known. */
  isHeld: bool;
  lapsesAtMs: i64;
  held: i64;
  /** How many counters follow. */
  counters: i32;
  /** What follows, in bytes. */
  size: i32;
}

/** One counter of a waiting charge. */
@unmanaged
class Row {
  windowSeconds: i32;
  keySize: i32;
  detail: i64;
  kind: CounterKind;
}

/** Bytes taken by all waiting charges of a root context: for every Redis, of its current and its replaced configurations. */
@final
export class WaitingRoom {
  bytes: i32 = 0;
}

/**
 * Charges that wait for a Redis, in the order in which to try them. Charges to the same counters that were certainly not made
 * are added up. Each charge is one block of memory, freed by hand. All in one room take at most 4 MiB, whatever callers send:
 * some 17,000 charges of one counter with a short name.
 */
@final
export class WaitingCharges {
  private head: usize = 0;
  private last: usize = 0;
  /** Charges to which others may be added, by the hash of their counters. */
  private buckets: StaticArray<usize> = new StaticArray<usize>(BUCKETS);

  /** @param seed keeps callers from choosing keys with equal hashes */
  constructor(
    private readonly room: WaitingRoom,
    private readonly seed: u64,
  ) {}

  /** The first charge, without taking it out; null if there is none. */
  get first(): WaitingCharge | null {
    return this.head != 0 ? changetype<WaitingCharge>(this.head) : null;
  }

  get isEmpty(): bool {
    return this.head == 0;
  }

  /**
   * Allocates a charge with the counters of a demand. Fill in the rest, then pass it to `put` or `free`.
   * @returns null if there is no room
   */
  make(demand: Demand): WaitingCharge | null {
    const count = demand.length;
    let size = <i64>count * offsetof<Row>();
    for (let i = 0; i < count; ++i) size += demand.keySize(i);
    const bytes = size + offsetof<WaitingCharge>() + BLOCK_BYTES;
    if (bytes + this.room.bytes > MAX_BYTES) return null;
    const block = heap.alloc(offsetof<WaitingCharge>() + <usize>size);
    this.room.bytes += <i32>bytes;
    memory.fill(block, 0, offsetof<WaitingCharge>());
    const charge = changetype<WaitingCharge>(block);
    charge.counters = count;
    charge.size = <i32>size;
    let row = block + offsetof<WaitingCharge>();
    let key = row + <usize>count * offsetof<Row>();
    for (let i = 0; i < count; ++i, row += offsetof<Row>()) {
      changetype<Row>(row).windowSeconds = demand.windowSeconds(i);
      changetype<Row>(row).kind = demand.kind(i);
      changetype<Row>(row).detail = demand.detail(i);
      changetype<Row>(row).keySize = demand.keySize(i);
      memory.copy(key, demand.key(i), demand.keySize(i));
      key += demand.keySize(i);
    }
    charge.hash = this.hashOf(charge);
    return charge;
  }

  /** Overwrites a demand with the counters of a charge. Capacities are not kept. */
  unpack(charge: WaitingCharge, demand: Demand): void {
    demand.clear();
    let row = changetype<usize>(charge) + offsetof<WaitingCharge>();
    let key = row + <usize>charge.counters * offsetof<Row>();
    for (let i = 0; i < charge.counters; ++i, row += offsetof<Row>()) {
      const size = changetype<Row>(row).keySize;
      demand.nextKey.at(key, size);
      const one = changetype<Row>(row);
      demand.add(one.windowSeconds, 0, -1, -1, one.kind, one.detail);
      key += size;
    }
    demand.keep();
  }

  /**
   * Has a charge wait behind the others. It becomes one with another to the same counters, if neither was made and both are
   * named by themselves; the one waits for as long as the other has.
   */
  put(charge: WaitingCharge): void {
    const ptr = changetype<usize>(charge);
    if (isUnmade(charge)) {
      const other = this.find(charge);
      if (other != 0) {
        const kept = changetype<WaitingCharge>(other);
        kept.tokens += charge.tokens;
        kept.sinceMs = min(kept.sinceMs, charge.sinceMs);
        return this.free(charge);
      }
      const bucket = this.bucketOf(charge);
      charge.nextInBucket = unchecked(this.buckets[bucket]);
      unchecked((this.buckets[bucket] = ptr));
    }
    charge.next = 0;
    if (this.last != 0) changetype<WaitingCharge>(this.last).next = ptr;
    else this.head = ptr;
    this.last = ptr;
  }

  /** Takes out the first charge, which is to be given to `put` or `free`; null if there is none. */
  takeFirst(): WaitingCharge | null {
    return this.head != 0 ? this.removed(this.head, 0) : null;
  }

  /** The same for the first that is due. */
  takeDue(nowMs: i64): WaitingCharge | null {
    let before: usize = 0;
    for (let at = this.head; at != 0; at = changetype<WaitingCharge>(at).next) {
      if (changetype<WaitingCharge>(at).dueMs <= nowMs) return this.removed(at, before);
      before = at;
    }
    return null;
  }

  /** The same for the first that has waited too long. */
  takeOld(nowMs: i64): WaitingCharge | null {
    let before: usize = 0;
    for (let at = this.head; at != 0; at = changetype<WaitingCharge>(at).next) {
      if (isTooOld(changetype<WaitingCharge>(at), nowMs)) return this.removed(at, before);
      before = at;
    }
    return null;
  }

  /** Gives the memory of a charge back that was taken out, or never put in. */
  free(charge: WaitingCharge): void {
    this.room.bytes -= charge.size + <i32>offsetof<WaitingCharge>() + BLOCK_BYTES;
    heap.free(changetype<usize>(charge));
  }

  /** @param before the one in front of it, or 0 */
  private removed(ptr: usize, before: usize): WaitingCharge {
    const charge = changetype<WaitingCharge>(ptr);
    this.unchain(charge);
    if (before != 0) changetype<WaitingCharge>(before).next = charge.next;
    else this.head = charge.next;
    if (this.last == ptr) this.last = before;
    return charge;
  }

  /** Takes a charge out of its bucket, if it is in one. */
  private unchain(charge: WaitingCharge): void {
    if (!isUnmade(charge)) return;
    const ptr = changetype<usize>(charge);
    const bucket = this.bucketOf(charge);
    let at = unchecked(this.buckets[bucket]);
    if (at == ptr) {
      unchecked((this.buckets[bucket] = charge.nextInBucket));
      return;
    }
    while (at != 0) {
      const one = changetype<WaitingCharge>(at);
      if (one.nextInBucket == ptr) {
        one.nextInBucket = charge.nextInBucket;
        return;
      }
      at = one.nextInBucket;
    }
  }

  /** A waiting charge to the same counters, with which `charge` may become one; 0 if there is none. */
  private find(charge: WaitingCharge): usize {
    for (let at = unchecked(this.buckets[this.bucketOf(charge)]); at != 0;) {
      const one = changetype<WaitingCharge>(at);
      if (one.hash == charge.hash && one.counters == charge.counters && one.size == charge.size) {
        const head = offsetof<WaitingCharge>();
        if (memory.compare(at + head, changetype<usize>(charge) + head, charge.size) == 0) return at;
      }
      at = one.nextInBucket;
    }
    return 0;
  }

  private bucketOf(charge: WaitingCharge): i32 {
    return <i32>(charge.hash & (BUCKETS - 1));
  }

  /** Of its counters: no caller can choose values that all have the same one. */
  private hashOf(charge: WaitingCharge): u32 {
    const from = changetype<usize>(charge) + offsetof<WaitingCharge>();
    let hash = this.seed;
    for (let at = from; at < from + charge.size; ++at) {
      hash = (hash ^ load<u8>(at)) * 0x9e3779b97f4a7c15;
      hash ^= hash >> 29;
    }
    return <u32>(hash >> 32);
  }
}

/** Whether a charge has waited so long that it is given up. */
export function isTooOld(charge: WaitingCharge, nowMs: i64): bool {
  return nowMs - charge.sinceMs >= (charge.mayBeMade ? UNKNOWN_FOR_MS : UNMADE_FOR_MS);
}

/** Whether Redis surely has nothing of it, not even a name that others use. */
function isUnmade(charge: WaitingCharge): bool {
  return !charge.mayBeMade && !charge.isHeld && charge.name == MarkerName.Charge;
}
