import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { MetricType, Status } from "./types.ts";
import { prometheusName, type PrometheusName } from "./metric-name.ts";

/** The value the guest reads back is exact; Prometheus gets the same value as a float. */
interface Metric {
  readonly type: MetricType;
  value: bigint;
  readonly publish: (change: bigint) => void;
}

// As in the C++ host: the low two bits of a metric id say its type.
const ID_INCREMENT = 4;

/**
 * The metrics that guests define. They belong to the gateway, not to a VM: a name defined again (by another
 * root, or by the VM that replaces a trapped one) is the same metric under a new id.
 */
export class GuestMetrics {
  private readonly byName = new Map<string, Metric>();
  private readonly byId = new Map<number, Metric>();
  private nextId = ID_INCREMENT;

  constructor(private readonly registry: Registry) {}

  /** A new id for the metric; `null` for an unknown type. */
  define(type: number, name: string): number | null {
    if (!isMetricType(type)) return null;
    const key = `${type} ${name}`;
    let metric = this.byName.get(key);
    if (metric === undefined) {
      metric = { type, value: 0n, publish: publisher(this.registry, type, name) };
      this.byName.set(key, metric);
    }
    const id = this.nextId | type;
    this.nextId += ID_INCREMENT;
    this.byId.set(id, metric);
    return id;
  }

  /** Counters only go up (BadArgument otherwise), gauges both ways; a histogram cannot be incremented. */
  increment(id: number, offset: bigint): Status {
    const metric = this.byId.get(id);
    if (metric === undefined) return Status.NotFound;
    if (metric.type === MetricType.Histogram) return Status.BadArgument;
    if (metric.type === MetricType.Counter && offset <= 0n) return Status.BadArgument;
    metric.value += offset;
    metric.publish(offset);
    return Status.Ok;
  }

  /** Adds to a counter, sets a gauge, observes into a histogram. */
  record(id: number, value: bigint): Status {
    const metric = this.byId.get(id);
    if (metric === undefined) return Status.NotFound;
    const change = metric.type === MetricType.Gauge ? value - metric.value : value;
    metric.value += change;
    metric.publish(change);
    return Status.Ok;
  }

  /** The value of a counter or gauge; a status otherwise. */
  get(id: number): bigint | Status {
    const metric = this.byId.get(id);
    if (metric === undefined) return Status.NotFound;
    if (metric.type === MetricType.Histogram) return Status.BadArgument;
    return metric.value;
  }

  /** The value of a counter or gauge by the name the guest gave it; `undefined` if never defined. */
  valueOf(name: string): bigint | undefined {
    const metric =
      this.byName.get(`${MetricType.Counter} ${name}`) ?? this.byName.get(`${MetricType.Gauge} ${name}`);
    return metric?.value;
  }
}

function isMetricType(type: number): type is MetricType {
  return type in MetricType;
}

function publisher(registry: Registry, type: MetricType, guestName: string): (change: bigint) => void {
  const { name, labels } = exportable(registry, type, guestName);
  const options = { name, help: guestName, labelNames: Object.keys(labels), registers: [registry] };
  switch (type) {
    case MetricType.Counter: {
      const counter = (registry.getSingleMetric(name) as Counter | undefined) ?? new Counter(options);
      counter.inc(labels, 0);
      return (change) => counter.inc(labels, Number(change));
    }
    case MetricType.Gauge: {
      const gauge = (registry.getSingleMetric(name) as Gauge | undefined) ?? new Gauge(options);
      gauge.inc(labels, 0);
      return (change) => gauge.inc(labels, Number(change));
    }
    case MetricType.Histogram: {
      const histogram = (registry.getSingleMetric(name) as Histogram | undefined) ?? new Histogram(options);
      return (value) => histogram.observe(labels, Number(value));
    }
  }
}

/** The first free name: two guest names may sanitise to one, with another type or other labels. */
function exportable(registry: Registry, type: MetricType, guestName: string): PrometheusName {
  const wanted = prometheusName(guestName);
  const labelNames = Object.keys(wanted.labels).join();
  const isUsable = (name: string): boolean => {
    const metric = registry.getSingleMetric(name) as
      (Counter & { type?: string; labelNames?: string[] }) | undefined;
    if (metric === undefined) return true;
    const prometheusType = MetricType[type]?.toLowerCase();
    return metric.type === prometheusType && (metric.labelNames ?? []).join() === labelNames;
  };
  let name = wanted.name;
  for (let n = 2; !isUsable(name); n++) name = `${wanted.name}_${n}`;
  return { name, labels: wanted.labels };
}
