import { Pool } from "../abi/pool";
import { nowNanoseconds } from "../abi/time";
import { seedPlaces } from "../estimate/places";
import { ReaderPool } from "./reader-pool";
import { RequestMeter } from "../estimate/request-meter";
import { UsageScanner } from "./scanner";

/** How many idle readers of each kind are kept; more may be in use. */
const MAX_IDLE = 16;

/** Readers of requests and responses, each lent to one call at a time. */
@final
export class Readers implements ReaderPool {
  private readonly meters: Pool<RequestMeter> = new Pool<RequestMeter>(MAX_IDLE);
  private readonly scanners: Pool<UsageScanner> = new Pool<UsageScanner>(MAX_IDLE);

  constructor() {
    // Callers know neither this time nor how many texts have been measured since.
    seedPlaces(<u64>nowNanoseconds());
  }

  /** A meter for a new request. Give it back with `returnMeter`. */
  borrowMeter(): RequestMeter {
    const known = this.meters.take();
    const meter = known !== null ? known : new RequestMeter();
    meter.begin();
    return meter;
  }

  returnMeter(meter: RequestMeter): void {
    if (!this.meters.put(meter)) meter.dispose();
  }

  /**
   * A scanner for a response. Give it back with `returnScanner`.
   * @param type, length its content type; 0, 0 if it has none
   */
  borrowScanner(type: usize, length: i32): UsageScanner {
    const known = this.scanners.take();
    const scanner = known !== null ? known : new UsageScanner();
    scanner.begin(type, length);
    return scanner;
  }

  returnScanner(scanner: UsageScanner): void {
    if (!this.scanners.put(scanner)) scanner.dispose();
  }
}
