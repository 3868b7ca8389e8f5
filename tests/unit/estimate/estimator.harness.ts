import "../../../assembly/abi/abort";
import { TokenEstimator } from "../../../assembly/estimate/estimator";

const estimator = new TokenEstimator();

/** Goes on with the text. */
export function feed(text: ArrayBuffer): i64 {
  estimator.feed(changetype<usize>(text), text.byteLength);
  return estimator.tokens;
}

export function boundary(): void {
  estimator.boundary();
}

/** The estimate for one text. */
export function estimate(text: ArrayBuffer): i64 {
  estimator.clear();
  return feed(text);
}

/** The estimate for one text that is fed in pieces of `size` bytes. */
export function estimateInPieces(text: ArrayBuffer, size: i32): i64 {
  const ptr = changetype<usize>(text);
  estimator.clear();
  for (let at = 0; at < text.byteLength; at += size) {
    estimator.feed(ptr + at, min(size, text.byteLength - at));
  }
  return estimator.tokens;
}

/** The estimates for one text in two pieces, for every place to cut it. */
export function estimateForCuts(text: ArrayBuffer): Int64Array {
  const ptr = changetype<usize>(text);
  const estimates = new Int64Array(text.byteLength + 1);
  for (let cut = 0; cut <= text.byteLength; ++cut) {
    estimator.clear();
    estimator.feed(ptr, cut);
    estimator.feed(ptr + cut, text.byteLength - cut);
    estimates[cut] = estimator.tokens;
  }
  return estimates;
}
