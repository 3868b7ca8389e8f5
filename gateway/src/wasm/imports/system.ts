import { Status, type LogLevel } from "../types.ts";
import type { Guest, ImportGroup } from "./guest.ts";

/** Log, clock, ticks, contexts, shared data, foreign functions. */
export function systemImports(guest: Guest): ImportGroup {
  const { services } = guest;
  return {
    proxy_log(level: LogLevel, ptr: number, size: number) {
      services.log(level, guest.memory.text(ptr, size), guest.context()?.stream);
      return Status.Ok;
    },
    proxy_get_log_level(slot: number) {
      guest.memory.writeU32(slot, services.logLevel);
      return Status.Ok;
    },
    proxy_get_current_time_nanoseconds(slot: number) {
      guest.memory.writeU64(slot, services.now());
      return Status.Ok;
    },
    proxy_set_tick_period_milliseconds(ms: number) {
      guest.root()?.setTickPeriod(ms >>> 0);
      return Status.Ok;
    },
    proxy_set_effective_context(id: number) {
      return guest.setEffectiveContext(id) ? Status.Ok : Status.BadArgument;
    },
    proxy_done() {
      const target = guest.root();
      guest.postpone(() => target?.done());
      return Status.Ok;
    },
    /** What modules made by Emscripten tell whoever keeps a view of their memory; nobody does here. */
    emscripten_notify_memory_growth() {
      return Status.Ok;
    },
    proxy_call_foreign_function() {
      return Status.NotFound;
    },
    proxy_get_shared_data(key: number, keySize: number, ptrSlot: number, sizeSlot: number, casSlot: number) {
      const entry = services.sharedData.get(guest.memory.latin1(key, keySize));
      if (entry === undefined) return Status.NotFound;
      guest.memory.give(entry.value, ptrSlot, sizeSlot);
      guest.memory.writeU32(casSlot, entry.cas);
      return Status.Ok;
    },
    proxy_set_shared_data(key: number, keySize: number, value: number, valueSize: number, cas: number) {
      return services.sharedData.set(
        guest.memory.latin1(key, keySize),
        guest.memory.copy(value, valueSize),
        cas >>> 0,
      );
    },
  };
}
