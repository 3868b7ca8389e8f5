// Contract of config.schema.json: it accepts what the filter accepts and refuses what the filter refuses, so that an
// editor's verdict is the gateway's. Where they differ, the list below says why.
// Specified in https://json-schema.org/draft-07 and by the filter's own parser.
import { Ajv } from "ajv";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  parse(text: ArrayBuffer): string[];
}

const root = join(import.meta.dirname, "../../..");
const schema = JSON.parse(readFileSync(join(root, "config.schema.json"), "utf8")) as {
  examples: object[];
  properties: object;
  definitions: Record<string, { properties: object }>;
};
const validate = new Ajv({
  allErrors: true,
  strictTypes: false,
}).compile(schema);

/** Fixtures that an editor would accept and the filter refuses: what a schema cannot express. */
const onlyTheFilterRefuses: Record<string, string> = {
  "invalid/regexp-with-lookahead.yaml": "schemas know nothing of RE2 syntax",
  "invalid/regexp-unclosed.yaml": "schemas know nothing of RE2 syntax",
  "invalid/ip-v6-two-gaps.yaml": "of an IPv6 address the schema checks the characters only",
  "invalid/count-too-large-in-quotes.yaml": "schemas compare numbers, not the numbers in strings",
  "invalid/service-port-too-large-in-quotes.yaml": "schemas compare numbers, not the numbers in strings",
};

/** Configurations that the filter accepts, usually with a warning, and an editor had better mark. */
const onlyTheSchemaRefuses: Record<string, object> = {
  "an unknown field, which may be one of a newer version": { rejected_mesage: "x" },
  "several limit_by_ fields, of which one counts": {
    global_threshold: undefined,
    rule_items: [{ limit_by_header: "x", limit_by_param: "y", limit_keys: [{ key: "a", token_per_day: 1 }] }],
  },
  "a count with a fraction, which is cut off": { global_threshold: { token_per_day: 1.5 } },
  "a service name that is not a string": { redis: { service_name: 5 } },
};

let filter: Harness;
beforeAll(async () => {
  filter = await loadHarness<Harness>("tests/unit/config/config.harness.ts");
});

const lines = (value: unknown): string[] =>
  filter.parse(new TextEncoder().encode(JSON.stringify(value)).buffer as ArrayBuffer);
const accepts = (value: unknown): boolean => !lines(value).some((line) => line.startsWith("error"));
const fixtures = ["published", "valid", "invalid"].flatMap((folder) =>
  readdirSync(join(root, "tests/fixtures/config", folder)).map((name) => `${folder}/${name}`),
);
const read = (name: string): unknown =>
  parseYaml(readFileSync(join(root, "tests/fixtures/config", name), "utf8"));
const base = {
  rule_name: "r",
  global_threshold: { token_per_minute: 10 },
  redis: { service_name: "redis.static" },
};

describe("the schema", () => {
  it.each(fixtures)("judges %s as the filter does", (name) => {
    const value = read(name);
    const verdict = validate(value);
    if (name in onlyTheFilterRefuses) {
      expect([verdict, accepts(value)]).toEqual([true, false]);
    } else {
      expect(verdict, JSON.stringify(validate.errors, null, 1)).toBe(accepts(value));
      expect(verdict).toBe(!name.startsWith("invalid/"));
    }
  });

  it.each(Object.entries(onlyTheSchemaRefuses))("alone marks %s", (_, change) => {
    const value = JSON.parse(JSON.stringify({ ...base, ...change })) as object;
    expect([validate(value), accepts(value)]).toEqual([false, true]);
  });

  it("names no field that the filter does not know", () => {
    const all = (definition: { properties: object }): object =>
      Object.fromEntries(Object.keys(definition.properties).map((name) => [name, null]));
    const { limit_key, rule_item, redis, rule, global_threshold, token_weights, reservation } =
      schema.definitions;
    const everything = {
      ...all(schema),
      global_threshold: all(global_threshold!),
      rule_items: [{ ...all(rule_item!), limit_keys: [all(limit_key!)], reservation: all(reservation!) }],
      redis: all(redis!),
      token_weights: all(token_weights!),
      reservation: all(reservation!),
      _rules_: [all(rule!)],
    };
    expect(lines(everything).filter((line) => line.includes("not a known field"))).toEqual([]);
    expect(
      lines({ ...everything, other: 1 }).filter((line) => line.includes("not a known field")),
    ).toHaveLength(1);
  });

  it("has valid examples", () => {
    for (const example of schema.examples)
      expect([validate(example), accepts(example)]).toEqual([true, true]);
  });

  it("agrees with the filter on values of every type in every field", () => {
    const scalar = fc.constantFrom<unknown>(
      null,
      true,
      "",
      "a",
      "7",
      "429",
      0,
      1,
      299,
      429,
      -1,
      1e10,
      [],
      {},
      ["a"],
      [null],
      ...["+08:00", "-14:59", "+15:00", "+8:00", "Asia/Shanghai"],
    );
    const field = fc.constantFrom(
      ...[
        "rule_name",
        "rule_mode",
        "global_threshold",
        "rule_items",
        "rejected_code",
        "rejected_msg",
        "rejected_format",
        "limit_headers",
        "shadow",
        "on_redis_error",
        "on_limit",
        "warn_at",
        "token_weights",
        "missing_usage",
        "strip_accept_encoding",
        "upgrade",
        "reservation",
        "reservation.mode",
        "hash_keys",
        "debug",
        "decision_log",
        "usage_path",
        "model_header",
        "model_weights",
        "redis",
      ],
      ...["token_weights.input", "token_weights.cached_input"],
      ...["redis.service_port", "redis.username", "redis.password", "redis.timeout", "redis.database"],
      ...["global_threshold.token_per_second", "global_threshold.token_per_day", "_rules_"],
      ...["global_threshold.token_per_week", "global_threshold.request_per_month"],
      ...["calendar", "time_zone", "rule_items.0.calendar", "rule_items.0.time_zone"],
      ...[
        "rule_items.0",
        "rule_items.0.ipv6_prefix",
        "rule_items.0.reservation",
        "rule_items.0.shadow",
        "rule_items.0.on_redis_error",
        "rule_items.0.reservation.on_lapse",
        "rule_items.0.limit_keys",
        "rule_items.0.limit_keys.0",
        "rule_items.0.limit_keys.0.key",
        "rule_items.0.match",
        "rule_items.0.match.0",
        "rule_items.0.match.0.header",
        "rule_items.0.match.0.value",
        "rule_items.0.match.0.consumer",
      ],
      ...[
        "rule_items.0.limit_by_per_ip",
        "rule_items.0.limit_by_header",
        "rule_items.0.limit_by_per_consumer",
      ],
      ...["_rules_.0", "_rules_.0._match_route_", "_rules_.0._match_domain_", "_rules_.0._match_service_"],
    );
    fc.assert(
      fc.property(field, fc.option(scalar, { nil: undefined }), fc.boolean(), (path, value, all) => {
        const one = { limit_keys: [{ key: "*", token_per_hour: 1 }] };
        const item = path.startsWith("rule_items.0.limit_by") ? one : { ...one, limit_by_per_header: "x" };
        const items = { ...item, ...(path.includes(".reservation.") && { reservation: { mode: "clamp" } }) };
        const config: Record<string, unknown> = structuredClone(base);
        if (all) config.rule_mode = "all_match";
        if (path.startsWith("rule_items.")) {
          config.rule_items = [items];
          if (path.startsWith("rule_items.0.match"))
            config.rule_items = [{ match: [{ header: "x", value: "*" }], token_per_hour: 1 }];
          if (!all) delete config.global_threshold;
        }
        if (path.startsWith("token_weights.")) config.token_weights = {};
        if (path.startsWith("reservation.")) config.reservation = {};
        if (path.startsWith("_rules_."))
          config._rules_ = [{ ...structuredClone(base), _match_route_prefix_: ["a"] }];
        const steps = path.split(".");
        const last = steps.pop()!;
        const owner = steps.reduce((at, step) => at[step] as Record<string, unknown>, config);
        owner[last] = value; // JSON leaves out what is undefined
        const sent: unknown = JSON.parse(JSON.stringify(config));
        expect(validate(sent), JSON.stringify([sent, validate.errors])).toBe(accepts(sent));
      }),
      { numRuns: 2000 },
    );
  }, 120_000);
});
