// Contract of check-config, for the WasmPlugin of Higress and of Istio: checked around its configurations and in all of
// them. Higress: wasmplugin.proto, convertIstioWasmPlugin. Istio: extensions/v1alpha1/wasm.proto.
import { describe, expect, it } from "vitest";
import { checkText } from "../../gateway/src/check/check.ts";
import { inOneLine } from "../../gateway/src/cli/check-config.ts";
import { compile, DEFAULT_WASM } from "../../gateway/src/modules.ts";
import { check, GOOD, indent, plugin, rules } from "./check-config-text.ts";

const limiter = await compile(DEFAULT_WASM);

describe("a WasmPlugin", () => {
  it("is checked around its configurations and in all of them, under the user's own paths", () => {
    const text = plugin(`url: oci://x
priorty: high
phase: LATE
defaultConfig:
  rule_name: r
  rule_items: {limit_by_header: x, limit_keys: [{key: a, token_per_day: 1}]}
  redis: {service_name: r.static}
matchRule: []
matchRules:
- configDisable: true
  ingress: [off]
- ingress: [a]
  domain: [b.com:80]
  config:
    rule_items:
    - {limit_by_header: x, limit_keys: [{key: a, token_per_day: 1}]}
    - {limit_by_header: x, limit_keys: [{key: 5, token_per_day: 0}]}
    redis: {service_name: r.static}
- {config: {}}
- ingress: r
  config: {rule_name: 1.5}`);
    expect(check(text)).toEqual([
      "f:6:3: error: spec.priorty: is not a known field; did you mean priority?",
      "f:7:10: error: spec.phase: expected one of UNSPECIFIED_PHASE, AUTHN, AUTHZ, STATS, got text",
      "f:10:17: warning: spec.defaultConfig.rule_items: is an object, taken as a list of one; put a dash in front of it",
      "f:12:3: error: spec.matchRule: is not a known field; did you mean matchRules?",
      "f:17:13: warning: spec.matchRules[1].domain: does nothing beside ingress",
      expect.stringMatching(/^f:19:7: error: spec\.matchRules\[1\]\.config\.rule_name: is missing/),
      "f:21:9: warning: spec.matchRules[1].config.rule_items[1]: looks at the same as spec.matchRules[1].config.rule_items[0]",
      expect.stringMatching(
        /^f:21:67: error: spec\.matchRules\[1\]\.config\.rule_items\[1\]\.limit_keys\[0\]\.token_per_day: must be/,
      ),
      "f:23:5: error: spec.matchRules[2]: needs one of ingress, service, domain, routePrefix",
      expect.stringMatching(/^f:23:14: error: spec\.matchRules\[2\]\.config\.redis: is missing/),
      expect.stringMatching(/^f:23:14: error: spec\.matchRules\[2\]\.config\.rule_name: is missing/),
      "f:23:14: error: spec.matchRules[2].config: needs global_threshold or rule_items",
      "f:24:14: error: spec.matchRules[3].ingress: expected a list, got text",
      expect.stringMatching(/^f:25:13: error: spec\.matchRules\[3\]\.config\.redis: is missing/),
      "f:25:13: error: spec.matchRules[3].config: needs global_threshold or rule_items",
      expect.stringMatching(/^f:25:25: warning: spec\.matchRules\[3\]\.config\.rule_name: is a number/),
    ]);
    expect(check(text).join("\n")).not.toContain("_rules_");
  });

  it.each([
    ["priority: high", "error: spec.priority: expected a whole number, got text"],
    [
      "imagePullPolicy: Sometimes",
      "error: spec.imagePullPolicy: expected one of UNSPECIFIED_POLICY, IfNotPresent, Always, got text",
    ],
    ["defaultConfigDisable: 1", "error: spec.defaultConfigDisable: expected true or false, got a number"],
    ["matchRules: {}", "error: spec.matchRules: expected a list, got a mapping"],
    ["newThing: 1", "warning: spec.newThing: is not a known field and does nothing"],
    [
      "selector: {}",
      "error: spec.selector: belongs to the WasmPlugin of Istio; that of Higress does not have it",
    ],
  ])("of Higress with %s", (field, message) => {
    const lines = check(plugin(`${field}\ndefaultConfig:\n${indent(GOOD, 2)}`));
    expect(lines.map((line) => line.replace(/^f:\d+:\d+: /, ""))).toContain(message);
  });

  it("of Istio has no defaultConfig and no matchRules, and says so", () => {
    const istio = "extensions.istio.io/v1alpha1";
    expect(
      check(plugin(`selector: {}\nfailStrategy: FAIL_RELOAD\npluginConfig:\n${indent(GOOD, 2)}`, istio)),
    ).toEqual([]);
    expect(check(plugin(`defaultConfig:\n${indent(GOOD, 2)}`, istio))).toEqual([
      "f:5:3: error: spec.defaultConfig: belongs to the WasmPlugin of Higress; that of Istio does not have it",
    ]);
  });

  it("needs an apiVersion that somebody reads", () => {
    expect(check(plugin(`defaultConfig:\n${indent(GOOD, 2)}`, "extensions.higress.io/v1"))).toEqual([
      "f:1:13: error: apiVersion: is unknown; a WasmPlugin has extensions.higress.io/v1alpha1 or extensions.istio.io/v1alpha1",
    ]);
  });

  it("of another plugin is left alone, and a list of objects is looked through", () => {
    const other = plugin("defaultConfig: {provider: x}", undefined, "ai-proxy");
    const list = `kind: List\napiVersion: v1\nitems:\n- ${indent(plugin("defaultConfig: {rule_name: r}"), 2).trim()}`;
    expect(check(other)).toEqual(["f:1:1: note: is the WasmPlugin of another plugin; it was not checked"]);
    expect(check(list).join("\n")).toMatch(/error: items\[0\]\.spec\.defaultConfig\.redis: is missing/);
  });
});

describe("ai-quota", () => {
  const quota =
    "redis_key_prefix: 'chat_quota:'\nadmin_consumer: consumer3\nadmin_path: /quota\nredis: {service_name: r.dns}";
  const manifest = (config: string, name = "ai-quota"): string =>
    plugin(`defaultConfig:\n${indent(config, 2)}`, undefined, name);

  it.each([
    ["its fields", quota],
    ["the fields in its manifest", manifest(quota, "other")],
    ["the name of its manifest", manifest(quota)],
  ])("is recognised by %s", (_, text) => {
    expect(check(text)).toEqual([]);
    expect(rules(text)).toEqual([
      "all requests: each consumer may use its balance, kept as chat_quota:<consumer> in Redis r.dns:6379; " +
        "consumer3 may change balances at /v1/chat/completions/quota",
    ]);
  });

  it("is described with what its fields change, for each rule", () => {
    const rule = `- {ingress: [a], config: {admin_consumer: c, redis: {service_name: r.dns}, admin_path: /b,
  redis_key_prefix: "q:", on_missing: {create: 5000}, enable_path_suffixes: [/v1/messages, /x]}}`;
    const text = plugin(`matchRules:\n${rule}`, undefined, "ai-quota");
    expect(check(text)).toEqual([]);
    expect(rules(text)).toEqual([
      "routes a: each consumer may use its balance, which begins with 5,000 tokens on paths that end in /v1/messages or /x, " +
        "kept as q:<consumer> in Redis r.dns:6379; c may change balances at /v1/chat/completions/b",
    ]);
  });

  it("is checked by itself, with the path of each mistake", () => {
    expect(
      check(manifest("admin_consumer: 5\nadmin_path: quota\nredis: {service_name: r}\nrulename: x")),
    ).toEqual([
      "f:7:17: error: spec.defaultConfig.admin_path: must begin with a slash, and end with something else, without query, escapes, blanks, dots and empty segments",
      "f:9:5: warning: spec.defaultConfig.rulename: is not a known field and does nothing",
    ]);
    expect(check(manifest("{}"))).toEqual([
      expect.stringContaining("is empty; admin_consumer and redis are expected"),
    ]);
  });

  it("is told from the rate limiter, whose configuration it does not take, nor the other way round", () => {
    expect(check(manifest(quota, "ai-token-ratelimit"))).toEqual([
      "f:5:3: error: spec: is called ai-token-ratelimit, and has a configuration of ai-quota",
    ]);
    expect(check(manifest(GOOD))).toEqual([
      "f:5:3: error: spec: is called ai-quota, and has a configuration of ai-token-ratelimit",
    ]);
  });

  it("beside a configuration of the rate limiter is checked too", () => {
    const both = `${manifest(quota)}---\n${plugin(`defaultConfig:\n${indent(GOOD, 2)}`)}`;
    expect(check(both)).toEqual([]);
    expect(rules(both)).toHaveLength(2);
  });

  it("is left alone where only the rate limiter is there to check", () => {
    const judges = new Map([["ai-token-ratelimit" as const, limiter]]);
    const [note, ...others] = checkText(manifest(quota), "f", judges).findings.map(inOneLine);
    expect(note).toMatch(
      /^f:6:5: note: spec\.defaultConfig: is a configuration of ai-quota; it was not checked$/,
    );
    expect(others).toEqual([]);
  });
});
