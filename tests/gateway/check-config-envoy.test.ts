// Contract of check-config, for configurations of Envoy: mistakes are found in the text inside, however it is wrapped.
// Envoy: wasm.proto (PluginConfig).
import { describe, expect, it } from "vitest";
import { check, indent, rules } from "./check-config-text.ts";

describe("a configuration of Envoy", () => {
  const wasm = (configuration: string, name = "ai-token-ratelimit"): string => `
- name: wasm
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
    config:
      name: ${name}
      configuration:
${indent(configuration, 8)}`;
  const STRING = '"@type": type.googleapis.com/google.protobuf.StringValue\n';
  const bootstrap = (filters: string): string => `static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          http_filters:${indent(filters, 10)}`;
  const at =
    "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[0].typed_config.config.configuration";

  it("is checked inside its text, and mistakes are found in it", () => {
    const text = bootstrap(
      wasm(`${STRING}value: |
  {
    "rule_name": "r",
    "global_threshold": {"token_per_day": 0},
    "redis": {"service_name": "r.static", "tiemout": 5}
  }`),
    );
    const line = text.split("\n").findIndex((one) => one.includes("token_per_day")) + 1;
    const column = (text.split("\n")[line - 1]?.indexOf("0}") ?? 0) + 1;
    expect(check(text)).toEqual([
      expect.stringContaining(
        `f:${line}:${column}: error: ${at}.value.global_threshold.token_per_day: must be`,
      ),
      expect.stringContaining(`f:${line + 1}:`),
    ]);
  });

  it.each([
    [
      "in one quoted line",
      `value: '{"rule_name":"r","redis":{"service_name":"r.static"},"global_threshold":{"token_per_day":0}}'`,
      /f:14:\d{3}: error: .*token_per_day/,
    ],
    [
      "in JSON that is broken",
      `value: |\n  {"rule_name": "r",\n   "a" 1}`,
      /^f:16:26: error: .*\.value: is not valid JSON, at byte \d+/,
    ],
    ["in escapes", `value: "{\\"rule_name\\": 1}"`, /f:14:\d+: error: .*redis/],
  ])("finds mistakes %s", (_name, value, message) => {
    expect(check(bootstrap(wasm(STRING + value))).join("\n")).toMatch(message);
  });

  it("is accepted with what the filter takes, however it is wrapped", () => {
    const json = JSON.stringify({
      rule_name: "r",
      global_threshold: { token_per_day: 1 },
      redis: { service_name: "r.static" },
    });
    const struct = `"@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm`;
    expect(check(bootstrap(wasm(`${STRING}value: '${json}'`)))).toEqual([]);
    expect(
      check(
        bootstrap(
          wasm(
            `"@type": type.googleapis.com/google.protobuf.BytesValue\nvalue: ${Buffer.from(json).toString("base64")}`,
          ),
        ),
      ),
    ).toEqual([]);
    expect(
      check(bootstrap(wasm(`"@type": type.googleapis.com/google.protobuf.Struct\nvalue: ${json}`))),
    ).toEqual([expect.stringContaining("warning: ")]);
    const filter = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: limit}
spec:
  configPatches:
  - patch:
      value:
        typed_config:
          "@type": type.googleapis.com/udpa.type.v1.TypedStruct
          type_url: ${struct.replace('"@type": ', "")}
          value: {config: {root_id: x, configuration: {${STRING.trim()}, value: '${json.replace("1}", "0}")}'}}}`;
    expect(check(filter)).toEqual([
      expect.stringMatching(
        /error: spec\.configPatches\[0\]\.patch\.value\.typed_config\.value\.config\.configuration\.value\.global_threshold\.token_per_day/,
      ),
    ]);
  });

  it.each([
    ["no configuration", "x: 1".replace("x: 1", "{}"), /configuration\.@type: is missing/],
    [
      "a configuration of another type",
      '"@type": type.googleapis.com/google.protobuf.Int32Value\nvalue: 5',
      /@type: is nothing that a plugin can read/,
    ],
    [
      "a mapping where the text should be",
      `${STRING}value: {rule_name: r}`,
      /value: expected text, got a mapping/,
    ],
  ])("is refused with %s", (_name, configuration, message) => {
    expect(check(bootstrap(wasm(configuration))).join("\n")).toMatch(message);
  });

  it("has its other Wasm filters left alone, and must have one of ours", () => {
    const other = wasm("{}", "other");
    const ours = wasm(`${STRING}value: '{}'`).replace(/^\n/, "\n");
    expect(check(bootstrap(other + ours)).every((line) => line.includes("http_filters[1]"))).toBe(true);
    expect(check(bootstrap(other + wasm("{}", "third")))).toEqual([
      "f:1:1: error: has no Wasm filter called ai-token-ratelimit or ai-quota",
    ]);
    expect(check("static_resources: {}")).toEqual([
      "f:1:1: error: has no Wasm filter called ai-token-ratelimit or ai-quota",
    ]);
  });

  it("may have both plugins, and neither with the configuration of the other", () => {
    const quota = `${STRING}value: '{"admin_consumer":"a","redis":{"service_name":"r.dns"}}'`;
    const limit = `${STRING}value: '{"rule_name":"r","global_threshold":{"token_per_day":1},"redis":{"service_name":"r.dns"}}'`;
    const both = bootstrap(wasm(quota, "ai-quota") + wasm(limit));
    expect(check(both)).toEqual([]);
    expect(rules(both)).toEqual([
      expect.stringContaining("each consumer may use its balance"),
      expect.stringContaining("may use 1 tokens a day"),
    ]);
    expect(check(bootstrap(wasm(limit, "ai-quota"))).join("\n")).toContain(
      "is called ai-quota, and has a configuration of ai-token-ratelimit",
    );
  });
});
