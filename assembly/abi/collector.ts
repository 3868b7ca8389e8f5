import { copiedBytes } from "../bytes/bytes";

/**
 * Garbage collection between callbacks. The module is built with AssemblyScript's `minimal` runtime, which collects
 * only when it is told to and takes for garbage whatever no global variable leads to. That is only right while no
 * function of ours is running, so each export counts itself in and out, and the last one out collects: a reply that
 * the host delivers in the middle of a host call must not collect what its caller still holds.
 *
 * Against the `incremental` runtime this saves a shadow stack and write barriers in all functions: a third of the
 * module's size, and the trap at 32 KB of shadow stack.
 */
let depth: i32 = 0;

/** What was allocated since the last collection: copies, as they are made, and an estimate of the rest. */
let allocated: u32 = 0;
let lastCopied: u32 = 0;

const LEAST_GARBAGE: u32 = 192 << 10;

/** What a stream leaves behind, without the bytes of its values: a few small objects, since most are used again. */
const STREAM_BYTES: u32 = 256;

/** At the beginning of every export. */
// @ts-ignore: decorator
@inline
export function enter(): void {
  ++depth;
}

/** At the end of every export. */
// @ts-ignore: decorator
@inline
export function leave(): void {
  if (--depth != 0) return;
  allocated += copiedBytes - lastCopied;
  lastCopied = copiedBytes;
  if (allocated > LEAST_GARBAGE && allocated > (<u32>memory.size()) << 13) collect();
}

/** A stream has ended. */
export function streamEnded(): void {
  discarded(STREAM_BYTES);
}

/** About so many bytes have become garbage. */
export function discarded(bytes: u32): void {
  allocated += bytes;
}

/** Much has become garbage: a configuration was read. */
export function configured(): void {
  allocated = u32.MAX_VALUE >> 1;
}

/**
 * Collecting costs time in proportion to what is alive, which is mostly configuration. It is done when at least
 * `LEAST_GARBAGE` bytes and an eighth of the memory may be garbage, so that a large configuration is not walked through
 * for a few requests.
 */
function collect(): void {
  allocated = 0;
  __collect();
}
