import { isObject, type JsonObject } from "../config/yaml.ts";
import { scopeOf } from "../config/words.ts";
import type { Oracle } from "./oracle.ts";

/** The part of a configuration that a request is judged by. */
export interface Scope {
  /** `matchRules[1]`, or "" for what applies to all other requests. */
  readonly path: string;
  /** In words: `routes chat`, `all other requests`. */
  readonly words: string;
  /** Without `_rules_`; `null` if nothing applies. */
  readonly config: JsonObject | null;
  /** Whether requests like this one are counted at all. */
  readonly isCounted: boolean;
}

/** Finds the part of a whole plugin configuration that applies to the request, by asking the filter. */
export async function findScope(oracle: Oracle, whole: JsonObject): Promise<Scope> {
  const { _rules_: rules, ...rest } = whole;
  const scopes = (Array.isArray(rules) ? rules : rules === undefined || rules === null ? [] : [rules]).filter(
    isObject,
  );
  const isFree = (await oracle.ask(probeOf({}))) !== "matches";
  if (!isFree) {
    for (const [index, scope] of scopes.entries()) {
      const selectors = Object.fromEntries(
        Object.entries(scope).filter(([name]) => name.startsWith("_match_")),
      );
      if ((await oracle.ask({ _rules_: [probeOf(selectors)] })) !== "matches") continue;
      const config = Object.fromEntries(Object.entries(scope).filter(([name]) => !(name in selectors)));
      return { path: `matchRules[${index}]`, words: scopeOf(scope), config, isCounted: true };
    }
  }
  const words = scopes.length > 0 ? "all other requests" : "all requests";
  return { path: "", words, config: "rule_name" in rest ? rest : null, isCounted: !isFree };
}

/** A configuration that limits every request that it applies to. */
function probeOf(selectors: JsonObject): JsonObject {
  return {
    ...selectors,
    rule_name: "probe",
    global_threshold: { token_per_day: 1_000_000_000 },
    redis: { service_name: "probe.static" },
  };
}
