// Contract of check-config: every mistake at once, each with its place in the user's file and the user's own path.
// Higress: wasmplugin.proto, convertIstioWasmPlugin. Istio: extensions/v1alpha1/wasm.proto. Envoy: wasm.proto (PluginConfig).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkText } from "../../gateway/src/check/check.ts";
import { inOneLine } from "../../gateway/src/cli/check-config.ts";
import { nearest } from "../../gateway/src/config/nearest.ts";
import { compile, DEFAULT_WASM } from "../../gateway/src/gateway.ts";

const ROOT = join(import.meta.dirname, "../..");
let module: WebAssembly.Module;
let directory: string;
beforeAll(async () => {
  module = await compile(DEFAULT_WASM);
  directory = mkdtempSync(join(tmpdir(), "check-config-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const check = (text: string): string[] => checkText(text, "f", module).findings.map(inOneLine);
const rules = (text: string): string[] =>
  checkText(text, "f", module).configurations.flatMap((found) => found.rules);

const GOOD = "rule_name: r\nglobal_threshold: {token_per_minute: 1}\nredis: {service_name: r.static}";
const indent = (text: string, by: number): string => text.replace(/^/gm, " ".repeat(by));
const plugin = (spec: string, api = "extensions.higress.io/v1alpha1", name = "ai-token-ratelimit"): string =>
  `apiVersion: ${api}\nkind: WasmPlugin\nmetadata: {name: ${name}}\nspec:\n${indent(spec, 2)}\n`;

describe("mistakes", () => {
  it("of a bare configuration stand with line and column, in the order of the file", () => {
    const text = `rule_name: r
rule_items:
  - limit_by_per_heder: x
    limit_keys:
      - {key: alice, token_per_minute: 99999999999999999999}
      - kee: b
redis: redis.static
rejected_code: 9`;
    expect(check(text)).toEqual([
      "f:3:5: warning: rule_items[0].limit_by_per_heder: is not a known field and does nothing; did you mean limit_by_per_header?",
      expect.stringMatching(/^f:3:5: error: rule_items\[0\]: needs one of limit_by_header, /),
      expect.stringMatching(
        /^f:5:15: error: rule_items\[0\]\.limit_keys\[0\]\.key: must be "\*" or begin with/,
      ),
      "f:5:40: error: rule_items[0].limit_keys[0].token_per_minute: must be a whole number of at most 9007199254740992, is 99999999999999999999",
      "f:6:9: warning: rule_items[0].limit_keys[1].kee: is not a known field and does nothing; did you mean key?",
      expect.stringMatching(/^f:6:9: error: rule_items\[0\]\.limit_keys\[1\]\.key: is missing/),
      expect.stringMatching(/^f:6:9: error: rule_items\[0\]\.limit_keys\[1\]: needs at least one of/),
      expect.stringMatching(/^f:7:8: error: redis: must be an object, is a string/),
      "f:8:16: error: rejected_code: must be a whole number from 200 to 599, is 9",
    ]);
  });

  it("in YAML itself are all told, and others beside a key that is there twice", () => {
    expect(check(`a: [1\nb: 2\n---\n${GOOD}\n---\nc: }`).map((line) => line.split(": ")[0])).toEqual([
      "f:2:1",
      "f:8:4",
    ]);
    expect(check(`${GOOD}\nrule_name: b\nrejected_code: 1`)).toEqual([
      "f:4:1: error: Map keys must be unique",
      expect.stringMatching(/^f:5:16: error: rejected_code: /),
    ]);
  });

  it("are found through aliases and merges, where the text stands, under the path that it has there", () => {
    const text = `x: &redis {service_name: r.static, tiemout: 5}
rule_name: r
global_threshold: &limit
  <<: {token_per_day: 0}
redis: *redis`;
    expect(check(text)).toEqual([
      "f:1:1: warning: x: is not a known field and does nothing",
      "f:1:36: warning: redis.tiemout: is not a known field and does nothing; did you mean timeout?",
      expect.stringMatching(/^f:4:23: error: global_threshold\.token_per_day: must be a whole number/),
    ]);
  });

  it.each([
    ["an alias of itself", "a: &a {b: *a}", /an alias refers to what it stands in/],
    ["an unknown alias", "a: *b", /Unresolved alias/],
    [
      "too many aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f"].map((n, i) => `${n}: &${n} [${Array(9).fill(`*${"abcde"[i]}`).join(",")}]`).join("\n")}`,
      /Excessive alias count/,
    ],
    [
      "a number that is none",
      `${GOOD}\nrejected_code: .inf`,
      /^f:4:16: error: rejected_code: is not a number in JSON/,
    ],
    ["nothing", "# nothing", /^f: error: there is no configuration/],
    ["a list", "- a", /^f:1:1: error: expected a mapping, got a list/],
    ["a depth without end", `a: ${"[".repeat(20_000)}`, /error/],
  ])("told in one line each: %s", (_name, text, message) => {
    const lines = check(text);
    expect(lines.join("\n")).toMatch(message);
    for (const line of lines) expect(line).not.toContain("\n");
  });

  it("in a large JSON text in another are found without reading it once for each", () => {
    const keys = Array.from({ length: 3000 }, (_, i) => ({ key: `k${i}`, token_per_day: i % 30 }));
    const inner = {
      rule_name: "r",
      rule_items: [{ limit_by_header: "x", limit_keys: keys }],
      redis: { service_name: "r.static" },
    };
    const type = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
    const configuration = {
      "@type": "type.googleapis.com/google.protobuf.StringValue",
      value: JSON.stringify(inner),
    };
    const text = JSON.stringify({
      static_resources: { "@type": type, config: { name: "x", configuration } },
    });
    const began = performance.now();
    expect(check(text)).toHaveLength(100);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("in any text are told, and never thrown", () => {
    const piece = fc.constantFrom(
      "rule_name",
      "rule_items",
      ": ",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "<<: ",
      "|",
      '"',
      "redis",
      "kind: WasmPlugin\n",
      "spec:\n",
      "---\n",
      "'",
      "#",
      "5",
      "static_resources:\n",
      '"@type": x.Wasm\n',
      "configuration",
      "%",
      "!!binary ",
      "? ",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        for (const line of check(pieces.join("")))
          expect(line).toMatch(/^f(:\d+:\d+)?: (error|warning|note): /);
      }),
      { numRuns: 300 },
    );
  });
});

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
      "f:1:1: error: has no Wasm filter called ai-token-ratelimit",
    ]);
    expect(check("static_resources: {}")).toEqual([
      "f:1:1: error: has no Wasm filter called ai-token-ratelimit",
    ]);
  });
});

describe("ai-quota", () => {
  const quota =
    "redis_key_prefix: 'chat_quota:'\nadmin_consumer: consumer3\nadmin_path: /quota\nredis: {service_name: r.dns}";
  const message = "is a configuration of ai-quota, which is another plugin; it was not checked";

  it("is recognised by its fields and by its manifest", () => {
    expect(check(quota)).toEqual([`f:1:1: error: ${message}`]);
    expect(check(plugin(`defaultConfig:\n${indent(quota, 2)}`))).toEqual([`f:5:3: error: spec: ${message}`]);
    expect(check(plugin(`defaultConfig:\n${indent(quota, 2)}`, undefined, "ai-quota"))).toEqual([
      `f:1:1: note: ${message}`,
    ]);
  });

  it("beside a configuration of this filter does no harm", () => {
    const both = `${plugin("defaultConfig: {}", undefined, "ai-quota")}---\n${plugin(`defaultConfig:\n${indent(GOOD, 2)}`)}`;
    expect(check(both)).toEqual([`f:1:1: note: ${message}`]);
    expect(rules(both)).toHaveLength(1);
  });
});

describe("OK in words", () => {
  it("tells what is limited, by what, how much, and where it is counted", () => {
    const text = plugin(`defaultConfig:
  rule_name: all
  rule_mode: all_match
  global_threshold: {token_per_hour: 1000000}
  rule_items:
  - {limit_by_per_consumer: "", limit_keys: [{key: "*", token_per_minute: 2000, token_per_day: 50000}]}
  - {limit_by_per_ip: from-header-x-real-ip, limit_keys: [{key: 10.0.0.0/8, token_per_second: 5}]}
  redis: {service_name: redis.dns, database: 2}
matchRules:
- ingress: [a, b]
  config:
    rule_name: gold
    rule_items:
    - {limit_by_header: x-api-key, limit_keys: [{key: sk-secret, token_per_day: 7}]}
    - {limit_by_per_param: apikey, limit_keys: [{key: "regexp:^a", token_per_day: 8}]}
    redis: {service_name: redis.static}`);
    expect(check(text)).toEqual([]);
    expect(rules(text)).toEqual([
      "gold, routes a, b: one value of the header x-api-key may use 7 tokens a day, counted in Redis redis.static:80",
      "gold, routes a, b: each value of the URL parameter apikey that matches ^a may use 8 tokens a day, counted in Redis redis.static:80",
      "all, all other requests: all together may use 1,000,000 tokens an hour, counted in Redis redis.dns:6379, database 2; all that match apply",
      "all, all other requests: each consumer may use 2,000 tokens a minute and 50,000 tokens a day, counted in Redis redis.dns:6379, database 2; all that match apply",
      "all, all other requests: each client address in 10.0.0.0/8 (from the header x-real-ip) may use 5 tokens a second, counted in Redis redis.dns:6379, database 2; all that match apply",
    ]);
  });

  it("never repeats a value that may be a credential, and ends after twenty lines", () => {
    const keys = Array.from({ length: 1234 }, (_, i) => `{key: sk-secret-${i}, token_per_day: 1}`).join(", ");
    const text = `rule_name: r\nrule_items: [{limit_by_header: x, limit_keys: [${keys}]}]\nredis: {service_name: r.static, password: hunter2}`;
    expect(rules(text)).toHaveLength(21);
    expect(rules(text).at(-1)).toBe("… and 1,214 more limits");
    expect(rules(text).join("\n")).not.toMatch(/secret|hunter2/);
  });
});

describe("the command", () => {
  async function run(args: string[], input = ""): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const child = spawn(join(ROOT, "gateway/bin/ai-token-ratelimit.mjs"), ["check-config", ...args], {
      cwd: directory,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
    child.stdin.end(input);
    const [code] = await once(child, "close");
    return { code, ...output };
  }
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return name;
  };

  it("checks several files and documents, and goes on after one that is not there", async () => {
    const good = file("good.yaml", `${GOOD}\n---\n${GOOD}\n---\napiVersion: v1\nkind: Service`);
    const bad = file("bad.yaml", "rule_name: r\nredis: {service_name: r}");
    const { code, stdout } = await run([good, "nowhere.yaml", bad]);
    const line = "  r, all requests: all together may use 1 tokens a minute, counted in Redis r.static:80";
    expect(stdout.trimEnd().split("\n")).toEqual([
      "good.yaml: OK",
      line,
      line,
      "nowhere.yaml: error: no such file",
      "bad.yaml:1:1: error: needs global_threshold or rule_items",
    ]);
    expect(code).toBe(1);
  });

  it("reads standard input", async () => {
    expect(await run(["-"], GOOD)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^-: OK\n/) });
    expect(await run(["-"], "rule_name: [")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^-:1:\d+: error: /),
    });
  });

  it("lets warnings pass, but not with --strict", async () => {
    const doubtful = file("doubtful.yaml", `${GOOD}\nrejected_mesage: x`);
    expect(await run([doubtful])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("doubtful.yaml: OK, 1 warning\n"),
    });
    const strict = await run([doubtful, "--strict"]);
    expect(strict).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("doubtful.yaml: not OK for --strict, 1 warning\n"),
    });
  });

  it("fails when there is nothing in any file, and not when there is in one", async () => {
    const other = file("other.yaml", "apiVersion: v1\nkind: Service");
    expect(await run([other])).toMatchObject({ code: 1 });
    expect(await run([other, file("good.yaml", GOOD)])).toMatchObject({ code: 0 });
  });

  it("gives one JSON object with --json", async () => {
    const bad = file("bad.yaml", "rule_name: r\nredis: {service_name: r}\nrejected_code: 1");
    const { code, stdout } = await run(["--json", bad, file("good.yaml", GOOD), "nowhere.yaml"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      errors: 3,
      warnings: 0,
      configurations: [
        { source: "bad.yaml", kind: "configuration", path: "", isAccepted: false, rules: [] },
        {
          source: "good.yaml",
          kind: "configuration",
          path: "",
          isAccepted: true,
          rules: [expect.stringMatching(/^r, all/)],
        },
      ],
      problems: [
        {
          severity: "error",
          source: "bad.yaml",
          line: 1,
          column: 1,
          path: "",
          message: "needs global_threshold or rule_items",
        },
        {
          severity: "error",
          source: "bad.yaml",
          line: 3,
          column: 16,
          path: "rejected_code",
          message: expect.stringContaining("from 200 to 599"),
        },
        {
          severity: "error",
          source: "nowhere.yaml",
          line: null,
          column: null,
          path: "",
          message: "no such file",
        },
      ],
    });
  });

  it.each([
    "plugin.yaml",
    "deploy/envoy/envoy.yaml",
    "deploy/istio/wasm-plugin.yaml",
    "deploy/higress/k8s/ai-token-ratelimit.yaml",
  ])("has nothing to say against %s", (name) =>
    expect(check(readFileSync(join(ROOT, name), "utf8"))).toEqual([]),
  );
});

it("suggests the nearest name only if it is near", () => {
  const known = ["priority", "phase", "matchRules", "url"];
  expect(["priorty", "MATCHRULE", "pahse", "ulr"].map((name) => nearest(name, known))).toEqual([
    "priority",
    "matchRules",
    "phase",
    "url",
  ]);
  for (const name of ["", "x", "ab", "provider", "p".repeat(1000)])
    expect(nearest(name, known)).toBeUndefined();
});
