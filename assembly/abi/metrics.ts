import { addressOf, Bytes } from "../bytes/bytes";
import { sizeSlot, clearSlots, slotNumber } from "./memory";
import { MetricType, Status } from "./types";

// @ts-ignore: decorator
@external("env", "proxy_define_metric")
declare function proxy_define_metric(type: u32, name: usize, nameSize: usize, id: usize): u32;

/** Defines a counter. @returns its id, which may be 0; -1 if the host refuses */
export function defineCounter(name: Bytes): i64 {
  return define(MetricType.Counter, name);
}

/** The same for a gauge. All workers of a host share it. */
export function defineGauge(name: Bytes): i64 {
  return define(MetricType.Gauge, name);
}

/** The same for a histogram. */
export function defineHistogram(name: Bytes): i64 {
  return define(MetricType.Histogram, name);
}

function define(type: MetricType, name: Bytes): i64 {
  clearSlots();
  const status = proxy_define_metric(type, addressOf(name), name.byteLength, sizeSlot());
  return status == Status.Ok ? <i64>slotNumber() : -1;
}

// @ts-ignore: decorator
@external("env", "proxy_increment_metric")
declare function proxy_increment_metric(id: u32, offset: i64): u32;

/** @param by of a gauge: negative to lower it */
export function incrementMetric(id: u32, by: i64): Status {
  return proxy_increment_metric(id, by);
}

// @ts-ignore: decorator
@external("env", "proxy_record_metric")
declare function proxy_record_metric(id: u32, value: i64): u32;

/** Adds a value to a histogram, or sets a gauge. */
export function recordMetric(id: u32, value: i64): Status {
  return proxy_record_metric(id, value);
}
