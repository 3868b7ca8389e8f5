// Scenario: an operator watches the rate limit in a real Envoy: every metric of the dashboard and of the alerts is one that Envoy
// shows, rejections have labels, and access logs tell what became of each call. Specified in docs/observability.md.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { chat, eventually, untilCounter } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";
import { metricsOf } from "../deploy/promql.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const SECRET = "sk-very-secret";
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: 50 }] }],
  decision_log: true,
  debug: { header: "x-ratelimit-debug", secret: "0123456789abcdef" },
  redis: REDIS,
};
const ACCESS_LOG = {
  name: "envoy.access_loggers.stdout",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
    log_format: {
      text_format_source: { inline_string: "record %FILTER_STATE(wasm.ai_token_ratelimit:PLAIN)%\n" },
    },
  },
};

interface Alerts {
  groups: {
    rules: { alert: string; expr: string; annotations: { summary: string; description: string } }[];
  }[];
}
interface Dashboard {
  panels: { type: string; title: string; targets?: { expr: string }[] }[];
}
const alerts = (parse(read("deploy/observability/alerts.yaml")) as Alerts).groups.flatMap(
  ({ rules }) => rules,
);
const { panels } = JSON.parse(read("deploy/observability/dashboard.json")) as Dashboard;
const queries = panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr));

/** The metrics that the filter may define, as Prometheus calls them. */
function knownMetrics(): string[] {
  const namesIn = (path: string): string[] => {
    const list = /const NAMES: string\[\] = \[([^\]]+)\]/.exec(read(path))![1]!;
    return [...list.matchAll(/"(\w+)"/g)].map((match) => match[1]!);
  };
  const failures = namesIn("assembly/redis/failure.ts").map((kind) => `redis_failures_${kind}`);
  const parts = ["bucket", "sum", "count"].map((part) => `redis_milliseconds_${part}`);
  const gauges = ["open_breakers", "outbox_bytes", "configuration_hash"];
  const own = [...namesIn("assembly/telemetry/metrics.ts"), ...failures, ...parts, ...gauges];
  return [
    ...own.map((name) => `ai_token_ratelimit_${name}`),
    ...["count", "charged", "limit", "used_percent_bucket"].map(
      (name) => `route_upstream_model_consumer_metric_token_ratelimit_${name}`,
    ),
  ];
}

describe.skipIf(!isAvailable)("stock Envoy, observed", () => {
  let backends: Backends;
  let envoy: Envoy;
  let scrape = "";
  const records = (): Record<string, unknown>[] =>
    envoy.lines
      .filter((line) => line.startsWith("record {"))
      .map((line) => JSON.parse(line.slice("record ".length)) as Record<string, unknown>);

  beforeAll(async () => {
    backends = await startBackends();
    envoy = await backends.envoy({
      configuration: CONFIGURATION,
      change: (manager) => (manager.access_log = [ACCESS_LOG]),
      bootstrap: parse(read("deploy/observability/stats-tags.yaml")) as object,
    });
    const headers = { "x-api-key": SECRET, "x-mse-consumer": "ann" };
    expect((await chat(envoy.url, 60, { headers })).status).toBe(200);
    await untilCounter(
      backends.redis,
      `higress-token-ratelimit:r:limit_by_per_header:3600:x-api-key:${SECRET}`,
      60,
    );
    expect((await chat(envoy.url, 60, { headers })).status).toBe(429);
    expect((await chat(envoy.url, 60)).status).toBe(200);
    scrape = await eventually(async () => {
      const text = await envoy.admin("/stats/prometheus");
      const shows = (metric: string): boolean => new RegExp(`^${metric}\\S* 1$`, "m").test(text);
      const isComplete =
        shows("ai_token_ratelimit_unmatched_requests") &&
        shows("route_upstream_model_consumer_metric_token_ratelimit_used_percent_count");
      return isComplete ? text : undefined;
    }, 20_000);
  }, 60_000);
  afterAll(() => backends.close());

  it.each([
    ["allowed_requests", 1],
    ["denied_requests", 1],
    ["unidentified_requests", 1],
    ["charged_tokens", 60],
    ["overshoot_tokens", 10],
    ["output_tokens", 59],
  ])("counts %s", (name, count) => {
    expect(scrape).toMatch(new RegExp(`^ai_token_ratelimit_${name}\\S* ${count}$`, "m"));
  });

  it("shows Prometheus no metric of the filter that is not documented", () => {
    const shown = new Set([...scrape.matchAll(/^(ai_token_ratelimit_\w+)/gm)].map((match) => match[1]!));
    expect(knownMetrics()).toEqual(expect.arrayContaining([...shown]));
    expect(shown).toContain("ai_token_ratelimit_redis_milliseconds_bucket");
  });

  it("makes labels of the parts of the name of a rejection", () => {
    const [line] = /^route_upstream_model_consumer_metric_token_ratelimit_count\{.*$/m.exec(scrape) ?? [];
    expect(line).toContain('ai_route="llm"');
    expect(line).toContain('ai_cluster="llm"');
    expect(line).toContain('ai_consumer="ann"');
  });

  it("makes labels of a limit and its rule", () => {
    const lines = scrape
      .split("\n")
      .filter((line) => line.includes('ai_cluster="rule_items[0].limit_keys[0]/3600s"'));
    const values = Object.fromEntries(
      lines.map((line) => [/_ratelimit_(\w+)/.exec(line)![1], line.split(" ").at(-1)]),
    );
    expect(values).toMatchObject({ charged: "60", limit: "50", used_percent_count: "1" });
    expect(lines.find((line) => line.includes('le="110"'))).toMatch(/ai_route="r".* 0$/);
    expect(lines.find((line) => line.includes('le="150"'))).toMatch(/ 1$/);
  });

  it.each(alerts.map(({ alert, expr }) => [alert, expr]))("has what the alert %s asks for", (_, expr) => {
    const metrics = metricsOf(expr);
    expect(metrics.length).toBeGreaterThan(0);
    expect(knownMetrics()).toEqual(expect.arrayContaining(metrics));
  });

  it("has what the dashboard asks for", () => {
    const metrics = queries.flatMap((query) => metricsOf(query.replaceAll("$__rate_interval", "1m")));
    expect(metrics.length).toBeGreaterThan(20);
    expect(knownMetrics()).toEqual(expect.arrayContaining(metrics));
  });

  it("tells a client that knows the secret why its call is denied, and nobody else", async () => {
    const headers = { "x-api-key": SECRET };
    const asking = { ...headers, "x-ratelimit-debug": "0123456789abcdef" };
    const told = await chat(envoy.url, 60, { headers: asking });
    expect(told.status).toBe(429);
    expect(JSON.parse(told.headers.get("x-ratelimit-debug")!)).toMatchObject({ outcome: "denied" });
    expect((await chat(envoy.url, 60, { headers })).headers.has("x-ratelimit-debug")).toBe(false);
  });

  it("writes the record of each call to the access log, and nobody's key", async () => {
    await eventually(() => (records().length >= 3 ? true : undefined));
    expect(records().slice(0, 3)).toMatchObject([
      { outcome: "allowed", charged: 60, actual: { input: 1, output: 59 } },
      { outcome: "denied", windows: [{ limit: 50, used: 60, remaining: 0 }] },
      { outcome: "unmatched", why: "rule_items[0] is missing" },
    ]);
    expect(envoy.lines.join()).not.toContain(SECRET);
  });
});

it("has the same tags for Docker as for others", () => {
  const { services } = parse(read("deploy/observability/compose.yaml")) as {
    services: { envoy: { command: string[] } };
  };
  const given = parse(services.envoy.command.at(-1)!) as { stats_config: { stats_tags: object[] } };
  const tags = parse(read("deploy/observability/stats-tags.yaml")) as {
    stats_config: { stats_tags: object[] };
  };
  expect(given.stats_config.stats_tags).toEqual(tags.stats_config.stats_tags);
});

it("explains every alert", () => {
  for (const { annotations } of alerts) {
    expect(annotations.summary.length).toBeGreaterThan(20);
    expect(annotations.description.length).toBeGreaterThan(20);
  }
});
