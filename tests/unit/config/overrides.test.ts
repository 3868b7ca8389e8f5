// Contract of assembly/rules: which configuration of _rules_ applies to a host, a route and a cluster, as in the published
// plugin. Specified in the published configuration reference of ai-token-ratelimit (higress.io, 2025) and the
// docstrings of assembly/rules; the rows below that name a mistake are where the published plugin is fooled.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { config, parse, redis } from "./support.ts";

describe("rules of _rules_", () => {
  const configureRules = (matches: object[], global = false): void => {
    const limit = { global_threshold: { token_per_day: 1 }, redis };
    const rules = matches.map((one, i) => ({ ...one, rule_name: `rule ${i}`, ...limit }));
    const lines = parse({ ...(global ? { rule_name: "global", ...limit } : {}), _rules_: rules }, false);
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
  };
  const cluster = "outbound|443|subset|qwen.dns";

  it.each<[object, [string, string, string], boolean]>([
    [{ _match_route_: ["a", "b"] }, ["", "b", ""], true],
    [{ _match_route_: "b" }, ["", "b", ""], true],
    [{ _match_route_: ["b"] }, ["", "B", ""], false],
    [{ _match_route_: ["b"] }, ["", "bb", ""], false],
    [{ _match_route_: [7] }, ["", "7", ""], true],
    [{ _match_route_: ["", "b"] }, ["", "", ""], false],
    [{ _match_route_prefix_: ["x", "ai-"] }, ["", "ai-qwen", ""], true],
    [{ _match_route_prefix_: ["ai-"] }, ["", "ai", ""], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", cluster], true],
    [{ _match_service_: ["qwen.dns:443"] }, ["", "", cluster], true],
    [{ _match_service_: ["moonshot.dns:443"] }, ["", "", cluster], false],
    [{ _match_service_: ["qwen.dns:"] }, ["", "", cluster], false],
    [{ _match_service_: ["qwen.dns:80"] }, ["", "", cluster], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", "outbound|443||qwen.dns"], true],
    [{ _match_service_: ["qwen.dns"] }, ["", "", "outbound|443|qwen.dns"], false],
    [{ _match_service_: ["qwen.dns", "qwen.dns|x"] }, ["", "", "outbound|443||qwen.dns|x"], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", "qwen.dns"], false],
    [{ _match_service_: ["qwen.dns"] }, ["", "", ""], false],
    [{ _match_route_: ["a"], _match_service_: ["qwen.dns"] }, ["", "a", cluster], true],
    [{ _match_route_: ["a"], _match_service_: ["qwen.dns"] }, ["", "a", ""], false],
    [{ _match_route_: ["a"], _match_service_: ["qwen.dns"] }, ["", "b", cluster], false],
    [{ _match_route_: ["a"], _match_domain_: ["a.com"] }, ["a.com", "b", ""], false],
    [{ _match_domain_: ["a.com"], _match_service_: ["qwen.dns"] }, ["b.com", "", cluster], false],
    [{ _match_domain_: ["a.com"] }, ["a.com", "", ""], true],
    [{ _match_domain_: ["a.com"] }, ["a.com:8080", "", ""], true],
    [{ _match_domain_: ["a.com"] }, ["www.a.com", "", ""], false],
    [{ _match_domain_: ["a.com:8080"] }, ["a.com:8080", "", ""], false],
    [{ _match_domain_: ["*.a.com"] }, ["www.a.com:80", "", ""], true],
    [{ _match_domain_: ["*.a.com"] }, ["a.com", "", ""], false],
    [{ _match_domain_: ["*a.com"] }, ["a.com", "", ""], true],
    [{ _match_domain_: ["www.*"] }, ["www.a.com", "", ""], true],
    [{ _match_domain_: ["www.*"] }, ["a.www.com", "", ""], false],
    [{ _match_domain_: ["*"] }, ["any", "", ""], true],
    [{ _match_domain_: ["*"] }, ["", "", ""], true],
    [{ _match_domain_: [""] }, ["", "", ""], true],
    [{ _match_domain_: [""] }, ["a", "", ""], false],
    [{ _match_domain_: ["[2001:db8::1]"] }, ["[2001:db8::1]:80", "", ""], true],
    [{ _match_domain_: ["[2001:db8::1]"] }, ["[2001:DB8::1]", "", ""], true],
    // Where the published plugin is fooled: case, and the dot at the end.
    [{ _match_domain_: ["a.com"] }, ["A.Com", "", ""], true],
    [{ _match_domain_: ["A.COM"] }, ["a.com", "", ""], true],
    [{ _match_domain_: ["*.A.com"] }, ["WWW.a.com", "", ""], true],
    [{ _match_domain_: ["a.com"] }, ["a.com.", "", ""], true],
    [{ _match_domain_: ["a.com."] }, ["a.com:80", "", ""], true],
    [{ _match_domain_: ["*.com"] }, ["a.com.:80", "", ""], true],
  ])("%j and %j: %s", (selector, [host, route, name], matches) => {
    configureRules([selector]);
    expect(config.select(host, route, name)).toBe(matches ? "rule 0" : "none");
  });

  it("are tried in order, whatever their kind, and before the global one", () => {
    const rules = [{ _match_service_: "qwen.dns" }, { _match_domain_: "*.com" }, { _match_route_: "a" }];
    configureRules(rules, true);
    expect(config.select("x.com", "a", cluster)).toBe("rule 0");
    expect(config.select("x.com", "a", "")).toBe("rule 1");
    expect(config.select("x.org", "a", "")).toBe("rule 2");
    expect(config.select("x.org", "b", "")).toBe("global");
    configureRules(rules);
    expect(config.select("x.org", "b", "")).toBe("none");
  });

  it("never trap on a host or cluster", () => {
    configureRules([{ _match_domain_: ["*a", "a*", "a", "[::1]"] }, { _match_service_: ["a", "a:1"] }]);
    const soup = fc.string({ unit: fc.constantFrom(..."a.:[]|*1".split("")), maxLength: 12 });
    fc.assert(fc.property(soup, soup, soup, (host, route, name) => void config.select(host, route, name)));
  });
});
