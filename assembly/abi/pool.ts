/**
 * Objects that are not in use, kept to be used again: to make one, and to collect it, costs more than to keep it. Bounded in
 * number; an object that finds no room is left to the garbage collector.
 */
@final
export class Pool<T> {
  private readonly idle: T[] = [];

  /** @param most how many are kept; more may be in use */
  constructor(private readonly most: i32) {}

  /** An object that was in use before, or null if there is none. */
  take(): T | null {
    return this.idle.length > 0 ? this.idle.pop() : null;
  }

  /** Keeps an object that nobody uses any more; false if there is no room. */
  put(item: T): bool {
    if (this.idle.length >= this.most) return false;
    this.idle.push(item);
    return true;
  }

  /** How many are kept. */
  get length(): i32 {
    return this.idle.length;
  }
}
