import { nowNanoseconds } from "../abi/time";
import { seedPlaces } from "../estimate/places";
import { ReaderPool } from "./reader-pool";
import { RequestMeter } from "../estimate/request-meter";
import { UsageScanner } from "./scanner";

/** How many readers of a kind are kept for the next calls; more may be in use. */
const MAX_IDLE = 16;

/** Readers of requests and responses, which are lent to one call after the other. */
@final
export class Readers implements ReaderPool {
  private meters: RequestMeter[] = [];
  private scanners: UsageScanner[] = [];

  constructor() {
    // Callers know neither this moment nor how many texts are measured after it.
    seedPlaces(<u64>nowNanoseconds());
  }

  /** A meter for a new request, to be given to `returnMeter`. */
  borrowMeter(): RequestMeter {
    const meter = this.meters.length > 0 ? this.meters.pop() : new RequestMeter();
    meter.begin();
    return meter;
  }

  returnMeter(meter: RequestMeter): void {
    if (this.meters.length < MAX_IDLE) this.meters.push(meter);
    else meter.dispose();
  }

  /**
   * A scanner for a response, to be given to `returnScanner`.
   * @param type, length its content type; 0, 0 if it has none
   */
  borrowScanner(type: usize, length: i32): UsageScanner {
    const scanner = this.scanners.length > 0 ? this.scanners.pop() : new UsageScanner();
    scanner.begin(type, length);
    return scanner;
  }

  returnScanner(scanner: UsageScanner): void {
    if (this.scanners.length < MAX_IDLE) this.scanners.push(scanner);
    else scanner.dispose();
  }
}
