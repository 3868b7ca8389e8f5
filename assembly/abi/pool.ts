/**
 * Idle objects, kept for reuse, because it costs more to create and collect one than to keep it. Their number is bounded; when
 * there is no room, an object is left to the garbage collector.
 */
@final
export class Pool<T> {
  /** The idle objects, then room for more. */
  private items: StaticArray<T | null> = new StaticArray<T | null>(0);
  /** The number of idle objects. */
  length: i32 = 0;

  /** @param most how many idle objects are kept; more may be in use */
  constructor(private readonly most: i32) {}

  /** An idle object, or null if there is none. */
  // @ts-ignore: decorator
  @inline
  take(): T | null {
    if (this.length == 0) return null;
    const item = unchecked(this.items[--this.length]);
    unchecked((this.items[this.length] = null));
    return item;
  }

  /** Keeps an object that is no longer used. @returns false if there is no room */
  // @ts-ignore: decorator
  @inline
  put(item: T): bool {
    if (this.length == this.items.length && !this.grow()) return false;
    unchecked((this.items[this.length++] = item));
    return true;
  }

  private grow(): bool {
    const items = this.items;
    if (items.length >= this.most) return false;
    this.items = new StaticArray<T | null>(min(max(2 * items.length, 8), this.most));
    for (let i = 0; i < items.length; ++i) this.items[i] = items[i];
    return true;
  }
}
