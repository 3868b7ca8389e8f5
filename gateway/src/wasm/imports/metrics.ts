import { Status } from "../types.ts";
import type { Guest, ImportGroup } from "./guest.ts";

/** Counters, gauges, histograms. */
export function metricImports(guest: Guest): ImportGroup {
  const { metrics } = guest.services;
  return {
    proxy_define_metric(type: number, name: number, nameSize: number, idSlot: number) {
      const id = metrics.define(type, guest.memory.text(name, nameSize));
      if (id === null) return Status.BadArgument;
      guest.memory.writeU32(idSlot, id);
      return Status.Ok;
    },
    proxy_increment_metric(id: number, offset: bigint) {
      return metrics.increment(id, offset);
    },
    proxy_record_metric(id: number, value: bigint) {
      return metrics.record(id, BigInt.asUintN(64, value));
    },
    proxy_get_metric(id: number, slot: number) {
      const value = metrics.get(id);
      if (typeof value !== "bigint") return value;
      guest.memory.writeU64(slot, value);
      return Status.Ok;
    },
  };
}
