// The part of WASI preview 1 that Go and TinyGo modules need to run in a proxy: a clock, random bytes, a place to write
// to; no files, no arguments, no environment. https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
import { randomFillSync } from "node:crypto";

const SUCCESS = 0;
/** errno `badf`: there are no files. */
const BADF = 8;
const NOSYS = 52;

const NO_FILES = {
  fd_close: () => BADF,
  fd_fdstat_get: () => BADF,
  fd_fdstat_set_flags: () => BADF,
  fd_filestat_get: () => BADF,
  fd_prestat_get: () => BADF,
  fd_prestat_dir_name: () => BADF,
  fd_read: () => BADF,
  fd_seek: () => BADF,
  path_open: () => NOSYS,
};

/** @param memory of the guest, which exists only after the functions were linked */
export function wasi(memory: () => WebAssembly.Memory): Record<string, (...args: never[]) => unknown> {
  const view = (): DataView => new DataView(memory().buffer);
  const none = (countSlot: number, sizeSlot: number): number => {
    view().setUint32(countSlot, 0, true);
    view().setUint32(sizeSlot, 0, true);
    return SUCCESS;
  };
  return {
    args_get: () => SUCCESS,
    args_sizes_get: none,
    environ_get: () => SUCCESS,
    environ_sizes_get: none,
    clock_res_get: (_clock: number, slot: number) => {
      view().setBigUint64(slot, 1n, true);
      return SUCCESS;
    },
    clock_time_get: (clock: number, _precision: bigint, slot: number) => {
      const now = clock === 0 ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint();
      view().setBigUint64(slot, now, true);
      return SUCCESS;
    },
    random_get: (ptr: number, size: number) => {
      randomFillSync(new Uint8Array(memory().buffer, ptr, size));
      return SUCCESS;
    },
    fd_write: (fd: number, vectors: number, count: number, writtenSlot: number) => {
      let size = 0;
      for (let i = 0; i < count; ++i) {
        const ptr = view().getUint32(vectors + 8 * i, true);
        const length = view().getUint32(vectors + 8 * i + 4, true);
        process.stderr.write(Buffer.from(memory().buffer.slice(ptr, ptr + length)));
        size += length;
      }
      view().setUint32(writtenSlot, size, true);
      return fd === 1 || fd === 2 ? SUCCESS : BADF;
    },
    /** One clock subscription, which has elapsed: a proxy does not sleep. */
    poll_oneoff: (from: number, to: number, count: number, eventsSlot: number) => {
      const memoryView = view();
      for (let i = 0; i < count; ++i) {
        memoryView.setBigUint64(to + 32 * i, memoryView.getBigUint64(from + 48 * i, true), true);
        memoryView.setBigUint64(to + 32 * i + 8, 0n, true);
      }
      memoryView.setUint32(eventsSlot, count, true);
      return SUCCESS;
    },
    sched_yield: () => SUCCESS,
    proc_exit: (code: number) => {
      throw new Error(`the module has ended itself with code ${code}`);
    },
    ...NO_FILES,
  };
}
