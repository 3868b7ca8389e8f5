// What the tests of check-config share: what it says about a text, and texts to make mistakes in.
import { checkText } from "../../gateway/src/check/check.ts";
import { inOneLine } from "../../gateway/src/cli/check-config.ts";
import { judgesOf } from "../../gateway/src/modules.ts";

const judges = await judgesOf();

export const check = (text: string): string[] => checkText(text, "f", judges).findings.map(inOneLine);
export const rules = (text: string): string[] =>
  checkText(text, "f", judges).configurations.flatMap((found) => found.rules);

export const GOOD = "rule_name: r\nglobal_threshold: {token_per_minute: 1}\nredis: {service_name: r.static}";
export const indent = (text: string, by: number): string => text.replace(/^/gm, " ".repeat(by));
export const plugin = (
  spec: string,
  api = "extensions.higress.io/v1alpha1",
  name = "ai-token-ratelimit",
): string => `apiVersion: ${api}\nkind: WasmPlugin\nmetadata: {name: ${name}}\nspec:\n${indent(spec, 2)}\n`;
