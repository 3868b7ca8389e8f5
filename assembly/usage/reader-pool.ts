import { RequestMeter } from "../estimate/request-meter";
import { UsageScanner } from "./scanner";

/** Lends readers, which need memory, only while there is something to read. */
export interface ReaderPool {
  borrowMeter(): RequestMeter;
  returnMeter(meter: RequestMeter): void;
  /** @param type, length a content type; 0, 0 for none */
  borrowScanner(type: usize, length: i32): UsageScanner;
  returnScanner(scanner: UsageScanner): void;
}
