import { defineCounter, incrementMetric } from "../abi/metrics";
import { Bytes, bytesOf } from "../bytes/bytes";

/** A counter of the host, which is defined when it is first used. */
@final
export class Counter {
  private readonly name: Bytes;
  private id: i64 = -1;
  /** What the host has not been told yet. */
  private noted: i64 = 0;

  /** @param name the name of the metric, including the plugin's prefix */
  constructor(name: string) {
    this.name = bytesOf(name);
  }

  add(amount: i64): void {
    if (this.id < 0) this.id = defineCounter(this.name);
    if (this.id >= 0) incrementMetric(<u32>this.id, amount);
  }

  /** Adds later, with `flush`: that costs no host call now. */
  note(amount: i64): void {
    this.noted += amount;
  }

  /** Tells the host what was noted. */
  flush(): void {
    if (this.noted == 0) return;
    this.add(this.noted);
    this.noted = 0;
  }
}
