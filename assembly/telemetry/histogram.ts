import { defineHistogram, recordMetric } from "../abi/metrics";
import { Bytes, bytesOf } from "../bytes/bytes";

/** A histogram of the host, which is defined when it is first used. */
@final
export class Histogram {
  private readonly name: Bytes;
  private id: i64 = -1;

  /** @param name the name of the metric, including the plugin's prefix and the unit */
  constructor(name: string) {
    this.name = bytesOf(name);
  }

  record(value: i64): void {
    if (this.id < 0) this.id = defineHistogram(this.name);
    if (this.id >= 0) recordMetric(<u32>this.id, value);
  }
}
