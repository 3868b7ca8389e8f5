import { Status, type LogLevel } from "../types.ts";
import type { Vm } from "../vm.ts";
import { RootContext } from "../root.ts";
import type { ImportGroup } from "./index.ts";

/** Log, clock, ticks, contexts, shared data, foreign functions. */
export function systemImports(vm: Vm): ImportGroup {
  const { services } = vm;
  const root = (): RootContext | null => {
    const found = vm.contexts.get(vm.context()?.rootId ?? 0);
    return found instanceof RootContext ? found : null;
  };
  return {
    proxy_log(level: LogLevel, ptr: number, size: number) {
      services.log(level, vm.memory.text(ptr, size));
      return Status.Ok;
    },
    proxy_get_log_level(slot: number) {
      vm.memory.writeU32(slot, services.logLevel);
      return Status.Ok;
    },
    proxy_get_current_time_nanoseconds(slot: number) {
      vm.memory.writeU64(slot, services.now());
      return Status.Ok;
    },
    proxy_set_tick_period_milliseconds(ms: number) {
      root()?.setTickPeriod(ms >>> 0);
      return Status.Ok;
    },
    proxy_set_effective_context(id: number) {
      return vm.setEffectiveContext(id) ? Status.Ok : Status.BadArgument;
    },
    proxy_done() {
      const target = root();
      vm.postpone(() => target?.done());
      return Status.Ok;
    },
    proxy_call_foreign_function() {
      return Status.NotFound;
    },
    proxy_get_shared_data(key: number, keySize: number, ptrSlot: number, sizeSlot: number, casSlot: number) {
      const entry = services.sharedData.get(vm.memory.latin1(key, keySize));
      if (entry === undefined) return Status.NotFound;
      vm.memory.give(entry.value, ptrSlot, sizeSlot);
      vm.memory.writeU32(casSlot, entry.cas);
      return Status.Ok;
    },
    proxy_set_shared_data(key: number, keySize: number, value: number, valueSize: number, cas: number) {
      return services.sharedData.set(
        vm.memory.latin1(key, keySize),
        vm.memory.copy(value, valueSize),
        cas >>> 0,
      );
    },
  };
}
