/** What a key holds. Texts have one char per byte. */
export type Value = string | Map<string, string>;

interface Entry {
  value: Value;
  /** Milliseconds since the epoch; Infinity for one that stays. */
  expiresAt: number;
}

/** The keys of a Redis in memory, which vanish by a clock that is given. */
export class Store {
  private readonly entries = new Map<string, Entry>();

  /** @param now milliseconds since the epoch */
  constructor(readonly now: () => number) {}

  get(key: string): Value | undefined {
    return this.live(key)?.value;
  }

  /** @param expiresAt milliseconds since the epoch; by default the key keeps the expiry that it has */
  set(key: string, value: Value, expiresAt = this.live(key)?.expiresAt ?? Infinity): void {
    this.entries.set(key, { value, expiresAt });
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  /** False if there is no such key. */
  expireAt(key: string, expiresAt: number): boolean {
    const entry = this.live(key);
    if (entry === undefined) return false;
    entry.expiresAt = expiresAt;
    return true;
  }

  /** As PTTL: -2 without the key, -1 for one that stays. */
  remainingMs(key: string): number {
    const entry = this.live(key);
    if (entry === undefined) return -2;
    return entry.expiresAt === Infinity ? -1 : entry.expiresAt - this.now();
  }

  private live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.expiresAt > this.now()) return entry;
    this.entries.delete(key);
    return undefined;
  }
}
