// Contract: every problem of a quota's configuration is reported with its path, at once, and a wrong one is refused.
import { describe, expect, it } from "vitest";
import { CLUSTER, REDIS, ROOT, start } from "../support/filter.ts";
import { QUOTA, QUOTA_MODULES } from "../support/quota.ts";

describe.each(QUOTA_MODULES)("%s", (_name, file) => {
  const linesOf = async (configuration: unknown): Promise<[boolean, string[]]> => {
    const host = await start(file);
    host.clusters.add(CLUSTER);
    const accepted = host.configure(ROOT, configuration);
    return [accepted, host.lines()];
  };

  it("accepts the configuration of the tutorial, and says what is in force", async () => {
    const host = await start(file);
    host.clusters.add("outbound|80||local-redis.static");
    const tutorial = {
      redis_key_prefix: "chat_quota:",
      admin_consumer: "aliyun-admin",
      admin_path: "/quota",
      redis: { service_name: "local-redis.static", service_port: 80, timeout: 2000 },
    };
    expect(host.configure(ROOT, tutorial)).toBe(true);
    expect(host.lines(2)).toEqual([
      '[ai-quota] balances at "chat_quota:"; Redis: outbound|80||local-redis.static',
    ]);
  });

  it.each([
    ["", ["[ai-quota] configuration: is empty; admin_consumer and redis are expected"]],
    [{}, ["[ai-quota] configuration: is empty; admin_consumer and redis are expected"]],
    [
      { admin_consumer: "", redis: {} },
      [
        "admin_consumer: is empty; the name of the consumer who may change balances is expected",
        "redis.service_name: is missing",
      ],
    ],
    [{ redis: REDIS }, ["admin_consumer: is missing"]],
    [{ admin_consumer: "a" }, ["redis: is missing"]],
    [{ ...QUOTA, admin_path: "quota" }, ["admin_path: must begin with a slash"]],
    [
      { ...QUOTA, admin_path: "/quota/" },
      ["admin_path: must begin with a slash, and end with something else"],
    ],
    [{ ...QUOTA, redis_key_prefix: "p".repeat(1025) }, ["redis_key_prefix: must have at most 1,024 bytes"]],
    [{ ...QUOTA, admin_path: `/${"p".repeat(1024)}` }, ["admin_path: must have at most 1,024 bytes"]],
    [{ ...QUOTA, enable_path_suffixes: ["/a%20b"] }, ["[0]: must begin with a slash, and end with"]],
    [{ ...QUOTA, enable_path_suffixes: ["/a", "b", []] }, ["[1]: must begin", "[2]: must be a string"]],
    [{ ...QUOTA, on_missing: "allow" }, ["on_missing: must be deny or an object with create"]],
    [{ ...QUOTA, on_missing: {} }, ["on_missing.create: is missing"]],
    [{ ...QUOTA, on_missing: { create: null } }, ["on_missing.create: is missing"]],
    [{ ...QUOTA, on_missing: { create: 0 } }, ["on_missing.create: must be a whole number"]],
    [{ ...QUOTA, deny_with: { status: 99, format: "xml" } }, ["deny_with.status", "deny_with.format"]],
    [{ ...QUOTA, deny_with: "json" }, ["deny_with: must be an object"]],
    [{ ...QUOTA, self_service: "yes" }, ["self_service: must be true or false"]],
    [
      { ...QUOTA, _rules_: [{ _match_route_: ["r"], redis: REDIS }] },
      ["_rules_[0].admin_consumer: is missing"],
    ],
  ])("refuses %j", async (configuration, expected) => {
    const [accepted, lines] = await linesOf(configuration);
    expect(accepted).toBe(false);
    expect(lines).toHaveLength(expected.length);
    expected.forEach((text, i) => expect(lines[i]).toContain(text));
  });

  it("warns of fields that it does not know", async () => {
    const [accepted, lines] = await linesOf({ ...QUOTA, admin_consumers: ["a"], rule_name: "r" });
    expect(accepted).toBe(true);
    expect(lines[0]).toContain(
      "admin_consumers: is not a known field and does nothing; did you mean admin_consumer?",
    );
    expect(lines[1]).toContain("rule_name: is not a known field");
  });

  it("has one policy for a route and another for the rest", async () => {
    const rule = { _match_route_: ["dear"], ...QUOTA, redis_key_prefix: "dear:" };
    const host = await start(file, { ...QUOTA, _rules_: [rule] });
    host.properties.set("route_name", "dear");
    host.request(2, ROOT, { "x-mse-consumer": "ann" });
    expect(host.pending[0]!.args.map(String)[3]).toBe("dear:ann");
  });
});
