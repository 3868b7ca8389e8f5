/**
 * Idle objects, kept for reuse, because it costs more to create and collect one than to keep it. Their number is bounded; when
 * there is no room, an object is left to the garbage collector.
 */
@final
export class Pool<T> {
  private readonly idle: T[] = [];

  /** @param most how many idle objects are kept; more may be in use */
  constructor(private readonly most: i32) {}

  /** An idle object, or null if there is none. */
  take(): T | null {
    return this.idle.length > 0 ? this.idle.pop() : null;
  }

  /** Keeps an object that is no longer used. @returns false if there is no room */
  put(item: T): bool {
    if (this.idle.length >= this.most) return false;
    this.idle.push(item);
    return true;
  }

  /** The number of idle objects. */
  get length(): i32 {
    return this.idle.length;
  }
}
