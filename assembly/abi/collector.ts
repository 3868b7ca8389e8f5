import { copiedBytes } from "../bytes/bytes";

/**
 * Garbage collection between callbacks. The module is built with AssemblyScript's `minimal` runtime, which collects only on
 * request and frees everything that cannot be reached from global variables. That is correct only while none of our functions
 * is running. So exports count how deeply they are nested, and only the outermost one collects: a reply that the host delivers
 * during a host call must not free objects that the caller still uses.
 *
 * Compared with the `incremental` runtime, this avoids a shadow stack and write barriers in all functions: a third of the
 * module's size, and the trap at 32 KB of shadow stack.
 */
let depth: i32 = 0;

/** Bytes allocated since the last collection: the exact size of copies, and an estimate of the rest. */
let allocated: u32 = 0;
let lastCopied: u32 = 0;

const LEAST_GARBAGE: u32 = 192 << 10;

/** Call this at the beginning of every export. */
// @ts-ignore: decorator
@inline
export function enter(): void {
  ++depth;
}

/** Call this at the end of every export. */
// @ts-ignore: decorator
@inline
export function leave(): void {
  if (--depth != 0) return;
  allocated += copiedBytes - lastCopied;
  lastCopied = copiedBytes;
  if (allocated > LEAST_GARBAGE && allocated > (<u32>memory.size()) << 13) collect();
}

/** Notes that about `bytes` bytes have become garbage. */
export function discarded(bytes: u32): void {
  allocated += bytes;
}

/** Notes that a configuration was read, which leaves much garbage. */
export function configured(): void {
  allocated = u32.MAX_VALUE >> 1;
}

/**
 * The cost of a collection grows with the live objects, most of which are configuration. It runs when more than
 * `LEAST_GARBAGE` bytes and an eighth of the memory may be garbage, so that a large configuration is not traversed after every
 * few requests.
 */
function collect(): void {
  allocated = 0;
  __collect();
}
