import { randomFillSync } from "node:crypto";
import { MemoryFault, type GuestMemory } from "../memory.ts";
import { LogLevel } from "../types.ts";

// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
const SUCCESS = 0;
const BADF = 8;
const FAULT = 21;
const INVAL = 28;
const NOSYS = 52;

const REALTIME = 0;
const MONOTONIC = 1;
const STDOUT = 1;
const STDERR = 2;
/** Sizes of an io vector, and of what poll_oneoff reads and writes. */
const VECTOR = 8;
const SUBSCRIPTION = 48;
const EVENT = 32;

/** Characters after which the beginning of a line is logged before its end has come. */
const MAX_UNFINISHED = 4096;
const MAX_U32 = 0xffff_ffff;

/** Functions by name; the result is an errno. */
type WasiFunctions = Readonly<Record<string, (...args: never[]) => number>>;

/** What these functions need of the host around them. */
export interface WasiHost {
  readonly memory: GuestMemory;
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
  readonly log: (level: LogLevel, line: string) => void;
}

/** What would need a file, a folder or a socket, of which there are none. */
const WITHOUT_FILES: Readonly<Record<string, readonly string[]>> = {
  fd: [
    ...["advise", "allocate", "close", "datasync", "fdstat_get", "fdstat_set_flags", "fdstat_set_rights"],
    ...[
      "filestat_get",
      "filestat_set_size",
      "filestat_set_times",
      "pread",
      "prestat_dir_name",
      "prestat_get",
    ],
    ...["pwrite", "read", "readdir", "renumber", "seek", "sync", "tell"],
  ],
  path: [
    ...["create_directory", "filestat_get", "filestat_set_times", "link", "open", "readlink"],
    ...["remove_directory", "rename", "symlink", "unlink_file"],
  ],
  sock: ["accept", "recv", "send", "shutdown"],
};

/**
 * WASI preview 1 for the runtimes of Go and TinyGo: clocks, random bytes, and standard output, which goes to the log. There are
 * no files, no arguments and no environment.
 */
export function wasiImports(host: WasiHost): WasiFunctions {
  return guarded({ ...fileImports(), ...processImports(host), ...outputImport(host) });
}

function processImports(host: WasiHost): WasiFunctions {
  const none = (countSlot: number, sizeSlot: number): number => {
    host.memory.writeU32(countSlot, 0);
    host.memory.writeU32(sizeSlot, 0);
    return SUCCESS;
  };
  return {
    args_get: () => SUCCESS,
    args_sizes_get: none,
    environ_get: () => SUCCESS,
    environ_sizes_get: none,
    clock_res_get(_clock: number, slot: number) {
      host.memory.writeU64(slot, 1n);
      return SUCCESS;
    },
    clock_time_get(clock: number, _precision: bigint, slot: number) {
      if (clock !== REALTIME && clock !== MONOTONIC) return INVAL;
      host.memory.writeU64(slot, clock === REALTIME ? host.now() : process.hrtime.bigint());
      return SUCCESS;
    },
    random_get(ptr: number, size: number) {
      randomFillSync(host.memory.view(ptr, size));
      return SUCCESS;
    },
    /** Says of every subscription that it is due: a proxy does not sleep. */
    poll_oneoff(from: number, to: number, count: number, countSlot: number) {
      if (count === 0) return INVAL;
      const subscriptions = table(host.memory, from, count, SUBSCRIPTION);
      const events = host.memory.view(to, EVENT * (count >>> 0));
      for (let i = 0; i < count >>> 0; i++) {
        const subscription = subscriptions.subarray(SUBSCRIPTION * i, SUBSCRIPTION * (i + 1));
        const event = events.subarray(EVENT * i, EVENT * (i + 1)).fill(0);
        // The user's number, and the type of the event.
        subscription.copy(event, 0, 0, 8);
        subscription.copy(event, 10, 8, 9);
      }
      host.memory.writeU32(countSlot, count);
      return SUCCESS;
    },
    sched_yield: () => SUCCESS,
    proc_raise: () => NOSYS,
    proc_exit(code: number) {
      throw new Error(`the module has ended itself with code ${code}`);
    },
  };
}

/** Standard output and error: each line becomes one of the log. */
function outputImport(host: WasiHost): WasiFunctions {
  const unfinished = { [STDOUT]: "", [STDERR]: "" };
  const levels = { [STDOUT]: LogLevel.Info, [STDERR]: LogLevel.Error };
  return {
    fd_write(fd: number, vectors: number, count: number, writtenSlot: number) {
      if (fd !== STDOUT && fd !== STDERR) return BADF;
      const list = table(host.memory, vectors, count, VECTOR);
      let written = 0;
      for (let at = 0; at < list.length; at += VECTOR) {
        const text = host.memory.text(list.readUInt32LE(at), list.readUInt32LE(at + 4));
        written += list.readUInt32LE(at + 4);
        const lines = (unfinished[fd] + text).split("\n");
        unfinished[fd] = lines.pop() ?? "";
        if (unfinished[fd].length > MAX_UNFINISHED) {
          lines.push(unfinished[fd]);
          unfinished[fd] = "";
        }
        for (const line of lines) host.log(levels[fd], line);
      }
      host.memory.writeU32(writtenSlot, written);
      return SUCCESS;
    },
  };
}

/** A copy of so many entries of a size. @throws MemoryFault if they are not in the guest's memory */
function table(memory: GuestMemory, ptr: number, count: number, size: number): Buffer {
  const length = (count >>> 0) * size;
  if (length > MAX_U32) throw new MemoryFault();
  return memory.copy(ptr, length);
}

function fileImports(): WasiFunctions {
  const functions = Object.entries(WITHOUT_FILES).flatMap(([kind, names]) =>
    names.map((name) => [`${kind}_${name}`, () => (kind === "fd" ? BADF : NOSYS)] as const),
  );
  return Object.fromEntries(functions);
}

/** A bad pointer is an errno, not a trap. */
function guarded(functions: WasiFunctions): WasiFunctions {
  const guard =
    (run: (...args: never[]) => number) =>
    (...args: never[]): number => {
      try {
        return run(...args);
      } catch (error) {
        if (error instanceof MemoryFault) return FAULT;
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, guard(run)]));
}
