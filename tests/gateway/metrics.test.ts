// Metrics of filters keep exact values, and are exported under the names and labels Higress gives them.
// Envoy's Wasm Context (defineMetric to getMetric); Higress' stats tags for AI plugins.
import { Registry } from "prom-client";
import { beforeEach, describe, expect, it } from "vitest";
import { prometheusName } from "../../gateway/src/wasm/metric-name.ts";
import { GuestMetrics } from "../../gateway/src/wasm/metrics.ts";
import { MetricType, Status } from "../../gateway/src/wasm/types.ts";

let registry: Registry;
let metrics: GuestMetrics;
beforeEach(() => {
  registry = new Registry();
  metrics = new GuestMetrics(registry);
});
const define = (type: MetricType, name: string): number => metrics.define(type, name) ?? -1;

describe("names", () => {
  it("turn the segments of an AI metric into labels", () => {
    const name =
      "route.my.route.upstream.outbound|443||qwen.dns.model.none.consumer.a.b.metric.token_ratelimit_count";
    expect(prometheusName(name)).toEqual({
      name: "route_upstream_model_consumer_metric_token_ratelimit_count",
      labels: {
        ai_route: "my.route",
        ai_cluster: "outbound|443||qwen.dns",
        ai_model: "none",
        ai_consumer: "a.b",
      },
    });
  });

  it("keep only what Prometheus allows otherwise", () => {
    expect(prometheusName("1 redis.errors-total").name).toBe("_1_redis_errors_total");
  });
});

it("counts up only, and reads back exactly", () => {
  const id = define(MetricType.Counter, "c");
  expect(metrics.increment(id, 9007199254740993n)).toBe(Status.Ok);
  expect(metrics.increment(id, 0n)).toBe(Status.BadArgument);
  expect(metrics.increment(id, -1n)).toBe(Status.BadArgument);
  expect(metrics.get(id)).toBe(9007199254740993n);
});

it("moves a gauge both ways, and sets it", () => {
  const id = define(MetricType.Gauge, "g");
  metrics.increment(id, 5n);
  metrics.increment(id, -7n);
  expect(metrics.get(id)).toBe(-2n);
  metrics.record(id, 10n);
  expect(metrics.get(id)).toBe(10n);
});

it("observes into a histogram, which has no value to read", async () => {
  const id = define(MetricType.Histogram, "h");
  expect(metrics.record(id, 3n)).toBe(Status.Ok);
  expect(metrics.increment(id, 3n)).toBe(Status.BadArgument);
  expect(metrics.get(id)).toBe(Status.BadArgument);
  expect(await registry.metrics()).toContain("h_sum 3");
});

it("is one metric under several ids when defined again", async () => {
  const first = define(MetricType.Counter, "c");
  const second = define(MetricType.Counter, "c");
  expect(second).not.toBe(first);
  metrics.increment(first, 1n);
  metrics.increment(second, 2n);
  expect(metrics.get(first)).toBe(3n);
  expect(await registry.metrics()).toContain("c 3");
});

it("shows a metric that was never incremented, as zero", async () => {
  define(MetricType.Counter, "c");
  expect(await registry.metrics()).toContain("c 0");
});

it("keeps apart what sanitises to the same name but differs in type or labels", async () => {
  metrics.increment(define(MetricType.Counter, "a.b"), 1n);
  metrics.increment(define(MetricType.Gauge, "a_b"), 2n);
  const text = await registry.metrics();
  expect(text).toContain("a_b 1");
  expect(text).toContain("a_b_2 2");
});

it("adds one series per label set", async () => {
  for (const consumer of ["x", "y"])
    metrics.increment(
      define(MetricType.Counter, `route.r.upstream.u.model.m.consumer.${consumer}.metric.n`),
      1n,
    );
  const series = (await registry.metrics()).match(/^route_upstream_model_consumer_metric_n\{.*$/gm);
  expect(series).toEqual([
    'route_upstream_model_consumer_metric_n{ai_route="r",ai_cluster="u",ai_model="m",ai_consumer="x"} 1',
    'route_upstream_model_consumer_metric_n{ai_route="r",ai_cluster="u",ai_model="m",ai_consumer="y"} 1',
  ]);
});

it("refuses unknown ids and types", () => {
  expect(metrics.define(3, "x")).toBeNull();
  expect(metrics.increment(4, 1n)).toBe(Status.NotFound);
  expect(metrics.record(4, 1n)).toBe(Status.NotFound);
  expect(metrics.get(4)).toBe(Status.NotFound);
});
