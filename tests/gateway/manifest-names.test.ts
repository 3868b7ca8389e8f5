// Contract: names that every JavaScript object knows (`constructor`, `toString`) are unknown fields and versions of a
// WasmPlugin like any other. Shown on what check-config says of them.
import { beforeAll, expect, it } from "vitest";
import { checkText } from "../../gateway/src/check/check.ts";
import { inOneLine } from "../../gateway/src/cli/check-config.ts";
import { judgesOf, type Judges } from "../../gateway/src/modules.ts";

let judges: Judges;
beforeAll(async () => void (judges = await judgesOf()));

function check(apiVersion: string, field: string): string[] {
  const configuration =
    "{rule_name: r, global_threshold: {token_per_minute: 1}, redis: {service_name: r.static}}";
  const text = `apiVersion: ${apiVersion}\nkind: WasmPlugin\nmetadata: {name: ai-token-ratelimit}\nspec:\n  ${field}: 1\n  defaultConfig: ${configuration}\n`;
  return checkText(text, "f", judges).findings.map(inOneLine);
}

it.each(["constructor", "toString", "hasOwnProperty"])("a field %s is unknown", (name) => {
  expect(check("extensions.higress.io/v1alpha1", name)).toEqual([
    `f:5:3: warning: spec.${name}: is not a known field and does nothing`,
  ]);
});

it.each(["constructor", "toString"])("a version %s is unknown", (name) => {
  expect(check(name, "priority").join()).toMatch(/^f:1:13: error: apiVersion: is unknown; a WasmPlugin has /);
});
