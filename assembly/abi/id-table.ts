const FIRST_SIZE: i32 = 64;

/**
 * Objects by the numbers that the host gives them: streams, calls in flight. Open addressing with linear probing, at
 * most half full. Unlike a `Map`, which is built anew once so many keys were set as it has room for, even if they were
 * all deleted, it allocates nothing as long as no more objects are in it than ever before.
 */
@final
export class IdTable<T> {
  private ids: StaticArray<u32> = new StaticArray<u32>(FIRST_SIZE);
  /** The object of the id at the same index, or null where there is none. The length is a power of two. */
  private items: StaticArray<T | null> = new StaticArray<T | null>(FIRST_SIZE);
  private count: i32 = 0;

  /** The object of `id`, or null. */
  get(id: u32): T | null {
    return unchecked(this.items[this.slotOf(id)]);
  }

  /** Gives `id` an object, in place of the one that it has. */
  set(id: u32, item: T): void {
    const slot = this.slotOf(id);
    if (this.items[slot] === null && ++this.count * 2 > this.items.length) {
      this.grow();
      return this.put(this.slotOf(id), id, item);
    }
    this.put(slot, id, item);
  }

  /** Takes the object of `id` out, and returns it; null if there is none. */
  take(id: u32): T | null {
    let hole = this.slotOf(id);
    const item = this.items[hole];
    if (item === null) return null;
    --this.count;
    // What was placed behind the hole because its own slot was taken moves up, so that a search never meets the hole.
    const mask = this.items.length - 1;
    for (let at = (hole + 1) & mask; this.items[at] !== null; at = (at + 1) & mask) {
      const home = hash(this.ids[at]) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.ids[hole] = this.ids[at];
      this.items[hole] = this.items[at];
      hole = at;
    }
    this.items[hole] = null;
    return item;
  }

  /** The slot of `id`, or the empty one where it belongs. */
  private slotOf(id: u32): i32 {
    const mask = this.items.length - 1;
    let at = hash(id) & mask;
    // At least half of the slots are empty, so the search ends.
    while (unchecked(this.items[at]) !== null && unchecked(this.ids[at]) != id) at = (at + 1) & mask;
    return at;
  }

  private put(slot: i32, id: u32, item: T): void {
    this.ids[slot] = id;
    this.items[slot] = item;
  }

  private grow(): void {
    const ids = this.ids;
    const items = this.items;
    this.ids = new StaticArray<u32>(ids.length * 2);
    this.items = new StaticArray<T | null>(items.length * 2);
    for (let i = 0; i < items.length; ++i) {
      const item = items[i];
      if (item !== null) this.put(this.slotOf(ids[i]), ids[i], item);
    }
  }
}

/** Ids come one after the other, or in steps of a power of two. */
// @ts-ignore: decorator
@inline
function hash(id: u32): i32 {
  return <i32>((id * 0x9e3779b9) >>> 8);
}
