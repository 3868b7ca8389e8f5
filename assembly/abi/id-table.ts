const FIRST_SIZE: i32 = 64;

/**
 * Objects by the ids that the host gives them: streams, and calls in flight. Open addressing with linear probing, at most half
 * full. It allocates only when it holds more objects than ever before. A `Map` is rebuilt once as many keys have been set as it
 * has room for, even if all were deleted.
 *
 * Slots are masked, so they are always in range, and the frequent ones are not checked again.
 */
@final
export class IdTable<T> {
  private ids: StaticArray<u32> = new StaticArray<u32>(FIRST_SIZE);
  /** The object of the id at the same index, or null. The length is a power of two. */
  private items: StaticArray<T | null> = new StaticArray<T | null>(FIRST_SIZE);
  private count: i32 = 0;

  /** The object of `id`, or null. */
  // @ts-ignore: decorator
  @inline
  get(id: u32): T | null {
    return unchecked(this.items[this.slotOf(id)]);
  }

  /** Sets the object of `id`, and replaces an earlier one. */
  set(id: u32, item: T): void {
    const slot = this.slotOf(id);
    if (unchecked(this.items[slot]) === null && ++this.count * 2 > this.items.length) {
      this.grow();
      return this.put(this.slotOf(id), id, item);
    }
    this.put(slot, id, item);
  }

  /** Removes the object of `id`. @returns the object; null if there is none */
  take(id: u32): T | null {
    let hole = this.slotOf(id);
    const item = unchecked(this.items[hole]);
    if (item === null) return null;
    --this.count;
    // Objects after the hole that are not in their own slots move up, so that a search never meets the hole.
    const mask = this.items.length - 1;
    for (let at = (hole + 1) & mask; unchecked(this.items[at]) !== null; at = (at + 1) & mask) {
      const home = hash(unchecked(this.ids[at])) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      unchecked((this.ids[hole] = this.ids[at]));
      unchecked((this.items[hole] = this.items[at]));
      hole = at;
    }
    unchecked((this.items[hole] = null));
    return item;
  }

  /** The slot of `id`, or the empty slot for it. */
  // @ts-ignore: decorator
  @inline
  private slotOf(id: u32): i32 {
    const mask = this.items.length - 1;
    let at = hash(id) & mask;
    // At least half of the slots are empty, so the search ends.
    while (unchecked(this.items[at]) !== null && unchecked(this.ids[at]) != id) at = (at + 1) & mask;
    return at;
  }

  // @ts-ignore: decorator
  @inline
  private put(slot: i32, id: u32, item: T): void {
    unchecked((this.ids[slot] = id));
    unchecked((this.items[slot] = item));
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

/** Spreads ids, which increase by one or by a power of two. */
// @ts-ignore: decorator
@inline
function hash(id: u32): i32 {
  return <i32>((id * 0x9e3779b9) >>> 8);
}
