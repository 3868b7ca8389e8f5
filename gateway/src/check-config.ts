import { checkText, checkValue, isFlawless, type Finding } from "./check/check.ts";
import type { ConfigInput } from "./config/load.ts";
import type { Json } from "./config/yaml.ts";
import { judgesOf } from "./modules.ts";

export interface CheckResult {
  readonly isAccepted: boolean;
  /** Errors and warnings, as in `spec.defaultConfig.rule_name: is missing; …`, in the order of the text. */
  readonly problems: readonly string[];
}

/**
 * Checks a configuration, or all that a text holds, as `check-config` does. Nothing is contacted. Each is checked by the plugin
 * that it is of, or by `wasm`.
 * @throws ModuleRejected or OptionError for the wasm.
 */
export async function checkConfig(
  config: ConfigInput,
  { wasm }: { wasm?: string | Uint8Array } = {},
): Promise<CheckResult> {
  const judges = await judgesOf(wasm);
  const report =
    typeof config === "string" ? checkText(config, "", judges) : checkValue(config as Json, "", judges);
  return {
    isAccepted: isFlawless([report]),
    problems: report.findings.filter(({ severity }) => severity !== "note").map(inOneLine),
  };
}

function inOneLine({ path, message }: Finding): string {
  return path === "" ? message : `${path}: ${message}`;
}
