// The host calls that tell operators something: log lines, counters, and properties, which access logs show.
import { Status, type Calls, type GuestMemory } from "./memory.ts";

const COUNTER = 0;
const GAUGE = 1;
const HISTOGRAM = 2;

interface Host {
  readonly logLevel: number;
  /** What the calls write, and of properties what they read. */
  readonly logs: { level: number; text: string }[];
  readonly metrics: Map<string, bigint>;
  readonly gauges: Map<string, bigint>;
  /** The values of histograms, in order. */
  readonly records: Map<string, number[]>;
  readonly properties: Map<string, string>;
  /** Of these, what filters have set. */
  readonly ownProperties: Set<string>;
  onIncrement: (metric: string, by: number) => void;
}

export function telemetryCalls(
  memory: GuestMemory,
  host: Host,
): Calls<
  | "proxy_log"
  | "proxy_get_log_level"
  | "proxy_define_metric"
  | "proxy_increment_metric"
  | "proxy_record_metric"
  | "proxy_get_property"
  | "proxy_set_property"
> {
  const metricNames: string[] = [];
  const types: number[] = [];
  return {
    proxy_log: (level: number, ptr: number, size: number) => {
      host.logs.push({ level, text: memory.text(ptr, size) });
      return Status.Ok;
    },
    proxy_get_log_level: (slot: number) => {
      memory.setNumber(slot, host.logLevel);
      return Status.Ok;
    },
    proxy_define_metric: (type: number, name: number, size: number, slot: number) => {
      metricNames.push(memory.text(name, size));
      types.push(type);
      memory.setNumber(slot, metricNames.length - 1);
      return Status.Ok;
    },
    proxy_increment_metric: (id: number, by: bigint) => {
      const name = metricNames[id];
      if (name === undefined) throw new Error(`metric ${id} is not defined`);
      if (types[id] === HISTOGRAM) throw new Error(`${name} is a histogram`);
      if (types[id] === COUNTER && by < 0n) throw new Error(`${name} is decremented`);
      const values = types[id] === GAUGE ? host.gauges : host.metrics;
      values.set(name, (values.get(name) ?? 0n) + by);
      host.onIncrement(name, Number(by));
      return Status.Ok;
    },
    proxy_record_metric: (id: number, value: bigint) => {
      const name = metricNames[id];
      if (name === undefined) throw new Error(`metric ${id} is not defined`);
      if (value < 0n) throw new Error(`${name} records a negative value`);
      if (types[id] === GAUGE) host.gauges.set(name, value);
      else host.records.set(name, [...(host.records.get(name) ?? []), Number(value)]);
      return Status.Ok;
    },
    proxy_get_property: (path: number, pathSize: number, ptrSlot: number, sizeSlot: number) => {
      const value = host.properties.get(memory.text(path, pathSize).replaceAll("\0", "."));
      if (value === undefined) return Status.NotFound;
      return memory.give(new TextEncoder().encode(value), ptrSlot, sizeSlot);
    },
    proxy_set_property: (path: number, pathSize: number, value: number, valueSize: number) => {
      const name = memory.text(path, pathSize);
      host.properties.set(name, memory.text(value, valueSize));
      host.ownProperties.add(name);
      return Status.Ok;
    },
  };
}
