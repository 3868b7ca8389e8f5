import { defineGauge, incrementMetric, recordMetric } from "../abi/metrics";
import { Bytes, bytesOf } from "../bytes/bytes";

/** A gauge of the host, which is defined when it first changes. */
@final
export class Gauge {
  private readonly name: Bytes;
  private id: i64 = -1;
  /** What the host was told of this VM. */
  share: i64 = 0;

  /** @param name the name of the metric, including the plugin's prefix */
  constructor(name: string) {
    this.name = bytesOf(name);
  }

  /** Tells the host how much of it this VM has. The host adds up all VMs: they share the gauge. */
  tell(share: i64): void {
    if (share == this.share || !this.isDefined()) return;
    incrementMetric(<u32>this.id, share - this.share);
    this.share = share;
  }

  /** Sets it, for all VMs. */
  set(value: i64): void {
    if (this.isDefined()) recordMetric(<u32>this.id, value);
  }

  private isDefined(): bool {
    if (this.id < 0) this.id = defineGauge(this.name);
    return this.id >= 0;
  }
}
