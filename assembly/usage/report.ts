import { MAX_COUNT } from "./count";

/** What a count in a response means. */
export const enum Slot {
  /** All input, including cache reads and writes. */
  Prompt,
  /** Input without CacheRead and CacheWrite, if the report has them. */
  Input,
  CacheRead,
  CacheWrite,
  /** Input in addition to Prompt or Input: prompts made by tool use, images. */
  InputBeside,
  /** Audio in the prompt, which Mistral includes only in the total. */
  Audio,
  /** The part of the input read from a cache. */
  Cached,
  /** The part of the input written to a cache. */
  CacheWritten,
  Output,
  /** Reasoning in addition to Output. */
  Thoughts,
  /** Reasoning included in Output (with xAI, only in the total). */
  Reasoning,
  /** Input plus output; only input if nothing else is reported. */
  Total,
  /** The same, but ignored if it is the only count: Gemini reports one when a cache is created. */
  TotalOfParts,
  /** What is billed, for reports without other counts. */
  BilledInput,
  BilledOutput,
  /** Sums over everything that the provider did for the answer and bills. If present, the counts above cover only a part. */
  AllInput,
  AllCacheRead,
  AllCacheWrite,
  AllOutput,
  SLOTS,
}

/** How a number changes its slot within one report. */
export const enum Op {
  /** The number is the count. If several names fill one slot, the largest number wins. */
  Set,
  /** The number is added to the count. */
  Add,
  /** Each element of the array adds one. */
  Count,
}

/** The slots that say something was consumed. Without any of them, a report is ignored. */
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
  /** One i64 for each slot, valid if its bit in `present` is set. */
  private values: usize = heap.alloc(Slot.SLOTS << 3);
  private present: u32 = 0;

  dispose(): void {
    heap.free(this.values);
    heap.free(changetype<usize>(this));
  }

  clear(): void {
    this.present = 0;
  }

  // @ts-ignore: decorator
  @inline
  has(slot: Slot): bool {
    return (this.present & (1 << slot)) != 0;
  }

  /** The count in `slot`; 0 if there is none. */
  // @ts-ignore: decorator
  @inline
  get(slot: Slot): i64 {
    return this.has(slot) ? load<i64>(this.values + (slot << 3)) : 0;
  }

  /** Whether the report says that something was consumed. */
  get hasConsumption(): bool {
    return (this.present & CONSUMPTION) != 0;
  }

  // @ts-ignore: decorator
  @inline
  put(slot: Slot, op: Op, value: i64): void {
    const before = this.get(slot);
    this.set(slot, op == Op.Set ? max(before, value) : min(before + value, MAX_COUNT));
  }

  /** Takes over the counts of `later`. A count that is missing or 0 there keeps its earlier value. */
  merge(later: Report): void {
    // A total belongs to the counts beside it.
    this.present &= ~((1 << Slot.Total) | (1 << Slot.TotalOfParts));
    for (let slot = 0; slot < Slot.SLOTS; ++slot) {
      if (!later.has(slot)) continue;
      const value = later.get(slot);
      if (value > 0 || !this.has(slot)) this.set(slot, value);
    }
  }

  // @ts-ignore: decorator
  @inline
  private set(slot: Slot, value: i64): void {
    store<i64>(this.values + (slot << 3), value);
    this.present |= 1 << slot;
  }
}
