import {
  answer,
  counter,
  forget,
  proxy_increment_metric,
  readHeader,
  readProperty,
  setProperty,
} from "./floor-parts.harness";

/** How the floors of the rate limiter refuse a request, as the published plugin does. */

const AI_LOG = String.UTF8.encode("ai_log");
const LIMITED = String.UTF8.encode('{\\"token_ratelimit_status\\":\\"limited\\"}');
const ROUTE = String.UTF8.encode("route_name");
const CLUSTER_NAME = String.UTF8.encode("cluster_name");
const CONSUMER = String.UTF8.encode("x-mse-consumer");
const METRIC = String.UTF8.encode(
  "route.qwen.upstream.outbound|443||qwen.dns.model.none.consumer.none.metric.token_ratelimit_count",
);
const DETAILS = String.UTF8.encode("ai-token-ratelimit.rejected");
const MESSAGE = String.UTF8.encode("Too many requests");
/** One header pair: count, sizes, then name and value, each ended by a NUL. */
const PAIRS = String.UTF8.encode("\x01\0\0\0\x16\0\0\0\x02\0\0\0X-TokenRateLimit-Reset\0" + "30\0");

let rejections: u32 = 0;

/** Defines the metric of refused requests. */
export function prepareRejections(): void {
  rejections = counter(METRIC);
}

/** Refuses the current stream, notes it in the property `ai_log`, and counts it. */
export function reject(id: u32): void {
  forget(id);
  readProperty(AI_LOG);
  setProperty(AI_LOG, LIMITED);
  answer(429, DETAILS, changetype<usize>(MESSAGE), MESSAGE.byteLength, PAIRS);
  readProperty(ROUTE);
  readProperty(CLUSTER_NAME);
  heap.free(readHeader(0, CONSUMER));
  proxy_increment_metric(rejections, 1);
}
