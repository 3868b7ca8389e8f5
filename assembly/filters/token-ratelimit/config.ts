import { decimalText } from "../../bytes/decimal";
import { isAllSpace } from "../../bytes/ascii";
import { addressOf, Bytes, bytesOf, equals } from "../../bytes/bytes";
import { Fields } from "../../config/fields";
import { Path } from "../../config/path";
import { Problems } from "../../config/problems";
import { RedisBlocks } from "../../config/redis-blocks";
import { parseJson } from "../../json/parse";
import { JsonValue } from "../../json/value";
import { Selector } from "../../config/selector";
import { RATE_LIMIT_FIELDS, RateLimitConfig, readRateLimit } from "./config-rate-limit";
import { readSelector, SELECTOR_FIELDS } from "../../config/scope";

export { RateLimitConfig } from "./config-rate-limit";

const RULES = bytesOf("_rules_");
/** Higress' own, for its logs. */
const PLUGIN_ID = bytesOf("_plugin_id_");

const ROOT_FIELDS = RATE_LIMIT_FIELDS.concat(["_rules_", "_plugin_id_"]);
const RULE_FIELDS = RATE_LIMIT_FIELDS.concat(SELECTOR_FIELDS);

const EMPTY_CONFIGURATION = "is empty; rule_name, redis, and global_threshold or rule_items are expected";

/** A rate limiting configuration for the requests that a selector matches. */
@final
class RuleOverride {
  constructor(
    readonly selector: Selector,
    readonly config: RateLimitConfig,
  ) {}
}

/** The whole configuration of a plugin: the global one, and those of `_rules_` that take its place. */
@final
export class PluginConfig {
  constructor(
    readonly global: RateLimitConfig | null,
    /** In configured order. */
    readonly overrides: RuleOverride[],
  ) {}

  /** One line for the log, without secrets. */
  describe(): string {
    const global = this.global;
    const count = this.overrides.length;
    const rules = `${decimalText(count)} for routes, hosts or services`;
    if (global === null) return `no global rule, ${rules}`;
    return count == 0 ? global.describe() : `${global.describe()}; ${rules}`;
  }
}

/**
 * Reads the configuration of the plugin, JSON as Higress and Envoy hand it over. Every problem is reported.
 * @param sharesConnections whether the host reaches a Redis service in one way, whichever configuration asks for it
 * @returns null if there is any error
 */
export function parsePluginConfig(
  text: Bytes,
  problems: Problems,
  sharesConnections: bool,
): PluginConfig | null {
  const root = Path.root();
  if (isAllSpace(addressOf(text), text.byteLength)) {
    problems.error(root, EMPTY_CONFIGURATION);
    return null;
  }
  const json = parseJson(text);
  const value = json.value;
  if (value === null) {
    problems.error(root, `${json.error}, at byte ${decimalText(json.offset)}`);
    return null;
  }
  const fields = Fields.of(value, root, problems);
  if (fields === null) return null;

  const rules = fields.list("_rules_");
  const blocks = new RedisBlocks();
  const overrides = readOverrides(rules, fields, blocks);
  let global: RateLimitConfig | null = null;
  if (hasGlobalPart(value)) global = readRateLimit(fields, blocks);
  else if (rules.length == 0) problems.error(root, EMPTY_CONFIGURATION);
  fields.warnOfOthers(ROOT_FIELDS);
  if (sharesConnections) blocks.compare(problems);
  return problems.hasErrors ? null : new PluginConfig(global, overrides);
}

/** Whether anything is configured beside `_rules_`: then it must be a complete configuration. */
function hasGlobalPart(object: JsonValue): bool {
  for (let i = 0; i < object.keys.length; ++i) {
    if (!equals(object.keys[i], RULES) && !equals(object.keys[i], PLUGIN_ID)) return true;
  }
  return false;
}

function readOverrides(rules: JsonValue[], root: Fields, blocks: RedisBlocks): RuleOverride[] {
  const overrides: RuleOverride[] = [];
  for (let i = 0; i < rules.length; ++i) {
    const fields = Fields.of(rules[i], root.at("_rules_").item(i), root.problems);
    if (fields === null) continue;
    const selector = readSelector(fields);
    const config = readRateLimit(fields, blocks);
    fields.warnOfOthers(RULE_FIELDS);
    if (selector !== null && config !== null) overrides.push(new RuleOverride(selector, config));
  }
  return overrides;
}
