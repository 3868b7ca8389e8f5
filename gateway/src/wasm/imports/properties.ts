import { Status } from "../types.ts";
import type { Guest, ImportGroup } from "./guest.ts";

/** Properties; a path is its segments joined by NUL. */
export function propertyImports(guest: Guest): ImportGroup {
  return {
    proxy_get_property(path: number, pathSize: number, ptrSlot: number, sizeSlot: number) {
      const value = guest.context()?.property(guest.memory.text(path, pathSize));
      if (value === undefined) return Status.NotFound;
      guest.memory.give(value, ptrSlot, sizeSlot);
      return Status.Ok;
    },
    proxy_set_property(path: number, pathSize: number, value: number, valueSize: number) {
      const name = guest.memory.text(path, pathSize);
      return guest.context()?.setProperty(name, guest.memory.copy(value, valueSize)) ?? Status.NotFound;
    },
  };
}
