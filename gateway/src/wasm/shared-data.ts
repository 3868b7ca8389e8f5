import { Status } from "./types.ts";

/** Key-value store shared by all roots (and all VM generations) of a gateway, with compare-and-swap. */
export class SharedData {
  private readonly entries = new Map<string, { value: Buffer; cas: number }>();

  get(key: string): { value: Buffer; cas: number } | undefined {
    return this.entries.get(key);
  }

  /** Stores the value, unless the key exists and `cas` is neither 0 nor its number. */
  set(key: string, value: Buffer, cas: number): Status {
    const stored = this.entries.get(key)?.cas;
    if (stored !== undefined && cas !== 0 && cas !== stored) return Status.CasMismatch;
    this.entries.set(key, { value, cas: (stored ?? 0) + 1 });
    return Status.Ok;
  }
}
