// Contract: rule-level configurations, as Higress makes them of matchRules, replace the global one for the routes,
// domains and services they name; the first that matches wins. Specified in the reference behaviour, section 2.2.
import { describe, expect, it } from "vitest";
import { MODULES, REDIS, ROOT, start } from "../support/filter.ts";

const rule = (rule_name: string, match: object = {}): object => ({
  rule_name,
  global_threshold: { token_per_minute: 10 },
  redis: REDIS,
  ...match,
});

describe.each(MODULES)("%s", (_name, file) => {
  it("logs at start how many rules there are, and each Redis that they use", async () => {
    const other = { redis: { ...REDIS, service_name: "other.dns", service_port: 80 } };
    const host = await start(file, {
      ...rule("global"),
      _rules_: [rule("a", { _match_route_: ["a"] }), rule("b", { _match_route_: ["b"], ...other })],
    });
    expect(host.lines(2).at(-1)).toContain(
      'rule "global": first_match, global threshold; 2 for routes, hosts or services; ' +
        "Redis: outbound|6379||redis.dns, outbound|80||other.dns",
    );
  });

  it.each<[string, object, string]>([
    ["a route", { route_name: "chat" }, "route"],
    ["a domain", { ":authority": "api.a.com:8080" }, "domain"],
    ["a domain in another case", { ":authority": "API.A.com" }, "domain"],
    ["a service", { cluster_name: "outbound|443||qwen.dns" }, "service"],
    ["a service with the rule's port", { cluster_name: "outbound|8443||moon.dns" }, "service"],
    ["a service with another port than the rule's", { cluster_name: "outbound|443||moon.dns" }, "global"],
    ["a prefix of a route", { route_name: "pre-fix" }, "prefix"],
    ["a route and a service", { route_name: "both", cluster_name: "outbound|80||x.dns" }, "both"],
    [
      "the route, but not the service, of a rule",
      { route_name: "both", cluster_name: "outbound|80||y.dns" },
      "global",
    ],
    ["two rules, of which the first counts", { route_name: "chat", ":authority": "api.a.com" }, "route"],
    ["no rule", {}, "global"],
  ])("limits by the rule that matches the request: %s", async (_case, given, expected) => {
    const configuration = {
      ...rule("global"),
      _rules_: [
        rule("route", { _match_route_: ["chat", "chat-2"] }),
        rule("domain", { _match_domain_: ["*.a.com"] }),
        rule("service", { _match_service_: ["qwen.dns", "moon.dns:8443"] }),
        rule("prefix", { _match_route_prefix_: ["pre"] }),
        rule("both", { _match_route_: ["both"], _match_service_: ["x.dns"] }),
      ],
    };
    const host = await start(file, configuration);
    const { ":authority": authority, ...properties } = given as Record<string, string>;
    for (const [name, value] of Object.entries(properties)) host.properties.set(name, value);
    host.request(2, ROOT, authority === undefined ? {} : { ":authority": authority });
    expect(String(host.pending[0]!.args[3])).toBe(`higress-token-ratelimit:${expected}:global_threshold:60`);
  });

  it("refuses two rules with different settings for one Redis service, which the host cannot have", async () => {
    const host = await start(file);
    const rules = [
      rule("a", { _match_route_: ["a"] }),
      rule("b", { _match_route_: ["b"], redis: { ...REDIS, database: 2, password: "hunter2" } }),
    ];
    expect(host.configure(ROOT, { _rules_: rules })).toBe(false);
    expect(host.lines()).toEqual([
      "[ai-token-ratelimit] _rules_[1].redis: names the service of _rules_[0].redis with another password, database; " +
        "the gateway reaches a service in one way only; give both the same, or services of their own",
    ]);
    expect(host.redisInits).toEqual([]);
  });

  it("leaves requests alone that no rule selects when there is no global configuration", async () => {
    const host = await start(file, { _rules_: [rule("route", { _match_route_: ["chat"] })] });
    host.request(2, ROOT, {});
    expect(host.pending).toEqual([]);
  });
});
