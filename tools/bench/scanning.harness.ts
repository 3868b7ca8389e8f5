import "../../assembly/abi/abort";
import { bytesOf } from "../../assembly/bytes/bytes";
import { Found } from "../../assembly/regex/program";
import { Regex, compileRegex } from "../../assembly/regex/regex";
import { copyOf } from "../../assembly/bytes/bytes";
import { TokenEstimator } from "../../assembly/estimate/estimator";
import { UsageScanner } from "../../assembly/usage/scanner";

/** What reads bytes without the host: the usage scanner, the token estimator and the regular expressions. */

const JSON_TYPE = bytesOf("application/json");
const scanner = new UsageScanner();
const estimator = new TokenEstimator();
let regex: Regex | null = null;
let chunks: StaticArray<i32> = new StaticArray<i32>(0);

export function allocate(size: usize): usize {
  return heap.alloc(size);
}

export function free(ptr: usize): void {
  heap.free(ptr);
}

/** Cuts bodies from now on into `count` chunks, whose sizes are the i32 at `sizes`. */
export function cut(sizes: usize, count: i32): void {
  chunks = new StaticArray<i32>(count);
  memory.copy(changetype<usize>(chunks), sizes, count << 2);
}

/** Scans the response at `body`, in chunks; its tokens. */
export function scan(body: usize): i32 {
  scanner.begin(changetype<usize>(JSON_TYPE), JSON_TYPE.byteLength);
  let at = body;
  for (let i = 0; i < chunks.length; ++i) {
    const size = unchecked(chunks[i]);
    scanner.feed(at, size);
    at += size;
  }
  scanner.finish();
  return <i32>(scanner.usage.input + scanner.usage.output);
}

/** Estimates the `len` bytes of text at `ptr`, in tokens. */
export function estimate(ptr: usize, len: i32): i32 {
  estimator.clear();
  estimator.feed(ptr, len);
  return <i32>estimator.tokens;
}

/** Compiles the pattern at `ptr`; whether it is one. */
export function compile(ptr: usize, len: i32): bool {
  regex = compileRegex(copyOf(ptr, len)).regex;
  return regex !== null;
}

/** Whether the pattern compiled last is found in the `len` bytes at `ptr`. */
export function search(ptr: usize, len: i32): bool {
  const r = regex;
  return r !== null && r.search(ptr, len) == Found.Match;
}

export function collect(): void {
  __collect();
}
