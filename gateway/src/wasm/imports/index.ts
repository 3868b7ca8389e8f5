import { MemoryFault } from "../memory.ts";
import { Status } from "../types.ts";
import { bufferImports } from "./buffers.ts";
import { calloutImports } from "./callouts.ts";
import type { Guest, ImportGroup } from "./guest.ts";
import { headerImports } from "./headers.ts";
import { metricImports } from "./metrics.ts";
import { propertyImports } from "./properties.ts";
import { streamImports } from "./streams.ts";
import { systemImports } from "./system.ts";
import { wasiImports } from "./wasi.ts";

/** Everything Higress has besides, for which no filter of this project has a use. */
const UNIMPLEMENTED = [
  "proxy_get_status",
  "proxy_grpc_call",
  "proxy_grpc_stream",
  "proxy_grpc_send",
  "proxy_grpc_cancel",
  "proxy_grpc_close",
  "proxy_register_shared_queue",
  "proxy_resolve_shared_queue",
  "proxy_enqueue_shared_queue",
  "proxy_dequeue_shared_queue",
  "proxy_inject_encoded_data_to_filter_chain",
  "proxy_get_upstream_hosts",
  "proxy_set_upstream_override_host",
];

/** What `_initialize` and `main` may call. */
const ALLOWED_AT_START = ["proxy_log", "emscripten_notify_memory_growth"];

/** The modules that a filter imports from: `env`, as the Higress host provides it, and WASI for the runtimes of Go. */
export function createImports(guest: Guest): WebAssembly.Imports {
  const functions: ImportGroup = {
    ...Object.fromEntries(UNIMPLEMENTED.map((name) => [name, () => Status.Unimplemented])),
    ...systemImports(guest),
    ...propertyImports(guest),
    ...headerImports(guest),
    ...bufferImports(guest),
    ...streamImports(guest),
    ...metricImports(guest),
    ...calloutImports(guest),
  };
  const guarded = Object.entries(functions).map(([name, run]) => [name, guard(guest, name, run)]);
  const wasi = wasiImports({
    // It exists only when the functions have been linked.
    get memory() {
      return guest.memory;
    },
    now: guest.services.now,
    log: guest.services.log,
  });
  return {
    env: Object.fromEntries(guarded) as WebAssembly.ModuleImports,
    wasi_snapshot_preview1: wasi,
  };
}

/** A bad pointer is a status, not a trap; calls that `_initialize` may not make are a trap, as in the C++ host. */
function guard(guest: Guest, name: string, run: (...args: never[]) => Status): (...args: never[]) => Status {
  return (...args) => {
    if (guest.isInitializing && !ALLOWED_AT_START.includes(name))
      throw new Error(`${name} may not be called from _initialize`);
    try {
      return run(...args);
    } catch (error) {
      if (error instanceof MemoryFault) return Status.InvalidMemory;
      throw error;
    }
  };
}
