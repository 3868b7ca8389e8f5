// A WasmPlugin manifest or a bare configuration becomes the JSON that Higress would give the plugin.
// convertIstioWasmPlugin in Higress' pkg/ingress/config/ingress_config.go; YAML 1.2 core schema.
import { describe, expect, it } from "vitest";
import { readConfigFile, redisServices, toPluginJson } from "../../gateway/src/config/load.ts";
import { ConfigError } from "../../gateway/src/config/yaml.ts";

const manifest = (spec: string, name = "ai-token-ratelimit"): string => `
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata:
  name: ${name}
spec:
${spec.replace(/^/gm, "  ")}
`;
const parse = (yaml: string): unknown => JSON.parse(toPluginJson(yaml, "c.yaml"));

describe("a bare configuration", () => {
  it("is passed as it is", () => {
    expect(parse("rule_name: a\nredis: {service_name: r}")).toEqual({
      rule_name: "a",
      redis: { service_name: "r" },
    });
  });

  it("may be JSON", () => {
    expect(parse('{"rule_name": "a"}')).toEqual({ rule_name: "a" });
  });

  it("may be an object", () => {
    expect(toPluginJson({ rule_name: "a", big: 12n })).toBe('{"rule_name":"a","big":12}');
  });

  it.each([
    ["key: 102234", '{"key":102234}'],
    ["key: 9223372036854775807", '{"key":9223372036854775807}'],
    ["key: 123456789012345678901234567890", '{"key":123456789012345678901234567890}'],
    ["key: -3", '{"key":-3}'],
    ["key: 1.5", '{"key":1.5}'],
    ["key: '102234'", '{"key":"102234"}'],
    ["key: true", '{"key":true}'],
    ["key: null", '{"key":null}'],
    ["1: a", '{"1":"a"}'],
    ["base: &b {x: 1}\nrule: {<<: *b, y: 2}", '{"base":{"x":1},"rule":{"x":1,"y":2}}'],
  ])("%j is %s", (yaml, json) => expect(toPluginJson(yaml)).toBe(json));
});

describe("a manifest", () => {
  it("gives its defaultConfig", () => {
    expect(parse(manifest("defaultConfig: {rule_name: a}"))).toEqual({ rule_name: "a" });
  });

  it("turns matchRules into _rules_, beside the default", () => {
    const spec = `
defaultConfig: {rule_name: a}
matchRules:
- config: {rule_name: b}
  ingress: [r1, ns/r2]
  service: [s.dns]
- config: {rule_name: c}
  domain: ["*.x.com"]
- config: {rule_name: d}
  routePrefix: [api-]
- config: {rule_name: e}
  configDisable: true
  ingress: [r3]`;
    expect(parse(manifest(spec))).toEqual({
      rule_name: "a",
      _rules_: [
        { rule_name: "b", _match_route_: ["r1", "ns/r2"], _match_service_: ["s.dns"] },
        { rule_name: "c", _match_domain_: ["*.x.com"] },
        { rule_name: "d", _match_route_prefix_: ["api-"] },
      ],
    });
  });

  it("leaves the default out when it is disabled", () => {
    const spec = `
defaultConfig: {rule_name: a}
defaultConfigDisable: true
matchRules:
- {config: {rule_name: b}, ingress: [r]}`;
    expect(parse(manifest(spec))).toEqual({ _rules_: [{ rule_name: "b", _match_route_: ["r"] }] });
  });

  it("gives a pluginConfig as it is, as Istio's own resource has it", () => {
    expect(parse(manifest("pluginConfig: {rule_name: a}"))).toEqual({ rule_name: "a" });
  });

  it("is found among the documents of other plugins and objects", () => {
    const documents = [
      "apiVersion: v1\nkind: Service\nmetadata: {name: redis}",
      manifest("defaultConfig: {provider: x}", "ai-proxy"),
      manifest("defaultConfig: {rule_name: a}"),
      "# nothing but a comment",
    ];
    expect(parse(documents.join("\n---\n"))).toEqual({ rule_name: "a" });
  });

  it("is recognised by its url, and taken anyway when it is the only one", () => {
    const other = manifest("defaultConfig: {rule_name: a}", "mine");
    expect(parse(other)).toEqual({ rule_name: "a" });
    const byUrl = manifest(
      "url: oci://r/plugins/ai-token-ratelimit:1\ndefaultConfig: {rule_name: b}",
      "mine",
    );
    expect(parse(`${other}\n---\n${byUrl}`)).toEqual({ rule_name: "b" });
  });
});

describe.each([
  ["a tab for indentation", "a:\n\tb: 1", "c.yaml:2:1: "],
  ["an unclosed bracket", "a: 1\nb: [1, 2", "c.yaml:2:"],
  ["a repeated key", "a: 1\na: 2", "c.yaml:2:1: Map keys must be unique"],
  ["an unknown alias", "a: *b", "c.yaml: Unresolved alias"],
  ["nothing", "# empty", "c.yaml: there is no configuration of ai-token-ratelimit in it"],
  ["a list", "- a", "c.yaml: expected a mapping, got a list"],
  ["text", "hello", "c.yaml: expected a mapping, got text"],
  ["an infinity", "a: .inf", "c.yaml: a: is not a number in JSON"],
  [
    "a configuration of ai-quota",
    "admin_consumer: a",
    "c.yaml: there is no configuration of ai-token-ratelimit in it",
  ],
  ["two bare configurations", "a: 1\n---\nb: 2", "c.yaml: 2 documents, none a WasmPlugin"],
  ["a spec that is no mapping", manifest("- a"), "c.yaml: spec: expected a mapping, got a list"],
  [
    "a rule without a match",
    manifest("matchRules: [{config: {}}]"),
    "spec.matchRules[0]: needs one of ingress",
  ],
  [
    "a match that is no list",
    manifest("matchRules: [{ingress: r}]"),
    "spec.matchRules[0].ingress: expected a list",
  ],
  ["everything disabled", manifest("defaultConfigDisable: true"), "no rule of matchRules is active"],
  [
    "two manifests to choose from",
    `${manifest("defaultConfig: {rule_name: x}", "a")}\n---\n${manifest("defaultConfig: {rule_name: x}", "b")}`,
    "2 WasmPlugin documents",
  ],
])("%s", (_name, yaml, message) => {
  it("is one clear line", () => {
    expect(() => parse(yaml)).toThrow(ConfigError);
    expect(() => parse(yaml)).toThrow(message);
    try {
      parse(yaml);
    } catch (error) {
      expect((error as Error).message).not.toContain("\n");
    }
  });
});

it("says when there is no such file", async () => {
  await expect(readConfigFile("/nowhere/c.yaml")).rejects.toThrow("/nowhere/c.yaml: no such file");
});

it("finds every Redis service, with the filter's default ports, once", () => {
  const json = toPluginJson(`
redis: {service_name: a.static}
_rules_:
- redis: {service_name: b.dns}
- redis: {service_name: b.dns, service_port: 6379}
- redis: {service_name: a.static, service_port: 81}
- {}`);
  expect(redisServices([json])).toEqual([
    { name: "a.static", port: 80 },
    { name: "b.dns", port: 6379 },
    { name: "a.static", port: 81 },
  ]);
});
