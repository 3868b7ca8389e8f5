import { MAX_COUNT } from "./count";

/** What a count in a response means. */
export const enum Slot {
  /** All input, whatever was read from or written to a cache included. */
  Prompt,
  /** Input; if the report has CacheRead and CacheWrite too, they stand beside it. */
  Input,
  CacheRead,
  CacheWrite,
  /** Input beside Prompt or Input: prompts made by tool use, images. */
  InputBeside,
  /** Audio of the prompt, which Mistral counts in the total only. */
  Audio,
  /** The part of the input read from a cache. */
  Cached,
  /** The part of the input written to a cache. */
  CacheWritten,
  Output,
  /** Reasoning beside Output. */
  Thoughts,
  /** Reasoning inside Output (or, at xAI, in the total only). */
  Reasoning,
  /** Input and output together; all of it input if nothing else is reported. */
  Total,
  /** The same, but meaningless alone: Gemini gives one for a cache that is created. */
  TotalOfParts,
  /** What is billed, where the counts themselves may be missing. */
  BilledInput,
  BilledOutput,
  /** Sums over all that the provider did for the answer and bills; the counts above then tell only a part of it. */
  AllInput,
  AllCacheRead,
  AllCacheWrite,
  AllOutput,
  SLOTS,
}

/** What a number does to its slot, within one report. */
export const enum Op {
  /** It is the count; of several names for one slot the larger number counts. */
  Set,
  /** It is one of several to be added up. */
  Add,
  /** Each element of the array counts as one. */
  Count,
}

/** The slots of which one makes a report worth reading. */
const CONSUMPTION: u32 =
  (1 << Slot.Prompt) |
  (1 << Slot.Input) |
  (1 << Slot.InputBeside) |
  (1 << Slot.Output) |
  (1 << Slot.Thoughts) |
  (1 << Slot.Total) |
  (1 << Slot.BilledInput) |
  (1 << Slot.BilledOutput) |
  (1 << Slot.AllInput) |
  (1 << Slot.AllOutput);

/** The counts of one usage object. */
@final
@unmanaged
export class Report {
  /** One i64 per slot, valid if its bit in `present` is set. */
  private values: usize = heap.alloc(Slot.SLOTS << 3);
  private present: u32 = 0;

  dispose(): void {
    heap.free(this.values);
    heap.free(changetype<usize>(this));
  }

  clear(): void {
    this.present = 0;
  }

  has(slot: Slot): bool {
    return (this.present & (1 << slot)) != 0;
  }

  /** The count in `slot`, 0 if there is none. */
  get(slot: Slot): i64 {
    return this.has(slot) ? load<i64>(this.values + (slot << 3)) : 0;
  }

  /** Whether the report says that something was consumed. */
  get tells(): bool {
    return (this.present & CONSUMPTION) != 0;
  }

  put(slot: Slot, op: Op, value: i64): void {
    const before = this.get(slot);
    this.set(slot, op == Op.Set ? max(before, value) : min(before + value, MAX_COUNT));
  }

  /** Takes over what `later` says. What it leaves out stays, and so does what it gives as 0: counts do not fall to it. */
  merge(later: Report): void {
    // A total belongs to the counts beside it.
    this.present &= ~((1 << Slot.Total) | (1 << Slot.TotalOfParts));
    for (let slot = 0; slot < Slot.SLOTS; ++slot) {
      if (!later.has(slot)) continue;
      const value = later.get(slot);
      if (value > 0 || !this.has(slot)) this.set(slot, value);
    }
  }

  private set(slot: Slot, value: i64): void {
    store<i64>(this.values + (slot << 3), value);
    this.present |= 1 << slot;
  }
}
