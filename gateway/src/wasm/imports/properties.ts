import { Status } from "../types.ts";
import type { Vm } from "../vm.ts";
import type { ImportGroup } from "./index.ts";

/** Properties; a path is its segments joined by NUL. */
export function propertyImports(vm: Vm): ImportGroup {
  return {
    proxy_get_property(path: number, pathSize: number, ptrSlot: number, sizeSlot: number) {
      const value = vm.context()?.property(vm.memory.text(path, pathSize));
      if (value === undefined) return Status.NotFound;
      vm.memory.give(value, ptrSlot, sizeSlot);
      return Status.Ok;
    },
    proxy_set_property(path: number, pathSize: number, value: number, valueSize: number) {
      const name = vm.memory.text(path, pathSize);
      return vm.context()?.setProperty(name, vm.memory.copy(value, valueSize)) ?? Status.NotFound;
    },
  };
}
