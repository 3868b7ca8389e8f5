import { isObject, stringify, type Json, type JsonObject } from "../config/yaml.ts";
import type { Oracle } from "./oracle.ts";

/** How a limit stands to a request. */
export interface RuleMatch {
  /** `global_threshold`, `rule_items[0]`, or `rule_items[0].limit_keys[1]` of one that applies. */
  readonly path: string;
  /** Whether it limits the request. */
  readonly applies: boolean;
  readonly why: string;
  /** The limit, of one that applies, as in JSON. */
  readonly limit: Readonly<Record<string, unknown>> | null;
}

/** What has no influence on which rules apply, or would get in the way of asking. */
const LEFT_OUT = ["global_threshold", "reservation", "usage_path", "_rules_"];

/** Which limits of a configuration, without `_rules_`, apply to the request, and why the others do not. */
export async function matchRules(oracle: Oracle, config: JsonObject): Promise<RuleMatch[]> {
  const isFirstMatch = config.rule_mode !== "all_match";
  const matches: RuleMatch[] = [];
  if (isObject(config.global_threshold))
    matches.push({
      path: "global_threshold",
      applies: true,
      why: "all requests share it",
      limit: plain(config.global_threshold),
    });
  let first: string | null = null;
  for (const [index, item] of listOf(config.rule_items).entries()) {
    if (!isObject(item)) continue;
    const match = await matchItem(oracle, config, item, `rule_items[${index}]`);
    if (isFirstMatch && first !== null && match.applies)
      matches.push({
        ...match,
        path: `rule_items[${index}]`,
        applies: false,
        limit: null,
        why: comesLater(first),
      });
    else matches.push(match);
    if (match.applies) first ??= `rule_items[${index}]`;
  }
  return matches;
}

function comesLater(first: string): string {
  return `would apply too, but ${first} comes first, and with rule_mode: first_match only the first one counts`;
}

async function matchItem(
  oracle: Oracle,
  config: JsonObject,
  item: JsonObject,
  path: string,
): Promise<RuleMatch> {
  const ask = (tried: JsonObject): ReturnType<Oracle["ask"]> => oracle.ask(only(config, tried));
  const answer = await ask(item);
  if (answer === "matches" && item.match !== undefined)
    return { path, applies: true, why: "all its conditions hold", limit: item };
  if (answer === "matches") {
    const keys = listOf(item.limit_keys);
    const at = await firstKey((count) => ask({ ...item, limit_keys: keys.slice(0, count) }), keys.length);
    const limit = keys[at];
    return {
      path: `${path}.limit_keys[${at}]`,
      applies: true,
      why: keys.length > 1 ? `it is the first of ${keys.length} keys that fits` : "its key fits",
      limit: isObject(limit) ? plain(limit) : null,
    };
  }
  const no = (why: string): RuleMatch => ({ path, applies: false, why, limit: null });
  if (answer === "refuses")
    return no(
      "the request is refused before any limit counts: what the rule looks at is missing or there twice",
    );
  if (answer === "cannot be tried")
    return no("the filter does not take this rule on its own, so it was not tried");
  return no(await whyNot(ask, item));
}

/** Asks the filter what would have to be different. */
async function whyNot(
  ask: (item: JsonObject) => ReturnType<Oracle["ask"]>,
  item: JsonObject,
): Promise<string> {
  if (item.match !== undefined) {
    const { match, ...rest } = item;
    return `its match does not hold${await whichPart(ask, rest, match)}`;
  }
  const open = withOpenKeys(item);
  const subject = subjectOf(item);
  if (open !== null && (await ask(open)) === "matches") {
    const count = listOf(item.limit_keys).length;
    const keys = count === 1 ? "its value does not fit the key" : `its value fits none of the ${count} keys`;
    return `the request has ${subject}, but ${keys}`;
  }
  return `the request has no ${subject.replace(/^(a|the) /, "")}`;
}

async function whichPart(
  ask: (item: JsonObject) => ReturnType<Oracle["ask"]>,
  item: JsonObject,
  match: Json,
): Promise<string> {
  const parts = listOf(match);
  if (parts.length < 2) return "";
  const failing: string[] = [];
  for (const [index, part] of parts.entries())
    if ((await ask({ ...item, match: [part] })) !== "matches") failing.push(`match[${index}]`);
  return failing.length === 0 ? "" : `: ${failing.join(", ")}`;
}

/** The rule with keys that take any value; `null` if it has no such form. */
function withOpenKeys(item: JsonObject): JsonObject | null {
  const field = Object.keys(item).findLast((name) => name.startsWith("limit_by_"));
  if (field === undefined) return null;
  const limit = { token_per_minute: 1_000_000 };
  if (field === "limit_by_per_ip")
    return {
      ...item,
      limit_keys: [
        { key: "0.0.0.0/0", ...limit },
        { key: "::/0", ...limit },
      ],
    };
  const { [field]: name = "", ...rest } = item;
  const each = field.startsWith("limit_by_per_") ? field : field.replace("limit_by_", "limit_by_per_");
  return { ...rest, [each]: name, limit_keys: [{ key: "*", ...limit }] };
}

/** What a rule looks at. */
function subjectOf(item: JsonObject): string {
  const field = Object.keys(item).findLast((name) => name.startsWith("limit_by_")) ?? "";
  const kind = field.replace(/^limit_by_(per_)?/, "");
  const name = typeof item[field] === "string" ? item[field] : "";
  switch (kind) {
    case "header":
      return `the header ${name}`;
    case "param":
      return `the URL parameter ${name}`;
    case "cookie":
      return `the cookie ${name}`;
    case "consumer":
      return "a consumer (header x-mse-consumer)";
    case "ip":
      return name === "from-remote-addr"
        ? "a client address"
        : `a client address in ${name.replace("from-header-", "the header ")}`;
    default:
      return `a ${kind.replaceAll("_", " ")}`;
  }
}

function plain(limit: JsonObject): Record<string, unknown> {
  return JSON.parse(stringify(limit)) as Record<string, unknown>;
}

/** The first key that fits, given that some do: whether the first `count` contain one only changes once. */
async function firstKey(fits: (count: number) => ReturnType<Oracle["ask"]>, keys: number): Promise<number> {
  let [without, within] = [0, keys];
  while (within - without > 1) {
    const middle = (without + within) >> 1;
    if ((await fits(middle)) === "matches") within = middle;
    else without = middle;
  }
  return within - 1;
}

/** The configuration with nothing but one rule. */
function only(config: JsonObject, item: JsonObject): JsonObject {
  const rest = Object.fromEntries(Object.entries(config).filter(([name]) => !LEFT_OUT.includes(name)));
  return { ...rest, rule_mode: "first_match", rule_items: [item] };
}

function listOf(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
