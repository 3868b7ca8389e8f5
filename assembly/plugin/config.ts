import { isAllSpace } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, equals } from "../bytes/bytes";
import { decimalText } from "../bytes/decimal";
import { Fields } from "../config/fields";
import { Path } from "../config/path";
import { Problems } from "../config/problems";
import { RedisBlocks } from "../config/redis-blocks";
import { readSelector, SELECTOR_FIELDS } from "../config/scope";
import { Selector } from "../config/selector";
import { parseJson } from "../json/parse";
import { JsonValue } from "../json/value";

const RULES = bytesOf("_rules_");
/** A field of Higress, for its logs. */
const PLUGIN_ID = bytesOf("_plugin_id_");

/** A configuration for the requests that a selector matches. */
@final
class Override<C> {
  constructor(
    readonly selector: Selector,
    readonly config: C,
  ) {}
}

/** The whole configuration of a plugin: the global one, and those of `_rules_` that take its place. */
@final
export class PluginConfig<C> {
  constructor(
    readonly global: C | null,
    /** The overrides, in configured order. */
    readonly overrides: Override<C>[],
  ) {}
}

/** Reads configurations of one plugin, in the JSON form that Higress and Envoy pass. Every problem is reported. */
export abstract class ConfigReader<C> {
  /** @param fields the fields that a configuration may have @param expected those that it needs, for a message */
  constructor(
    private readonly fields: string[],
    private readonly expected: string,
  ) {}

  /**
   * Reads the global configuration, or that of a rule in `_rules_`.
   * @param blocks gets its redis block, to compare it with others
   * @returns null if it cannot be used; otherwise a configuration that is usable only if no error was reported
   */
  protected abstract read(fields: Fields, blocks: RedisBlocks): C | null;

  /** A short description of a configuration for the log, without secrets. */
  protected abstract describeOne(config: C): string;

  /** A description of a whole configuration for the log, in one line without secrets. */
  describe(config: PluginConfig<C>): string {
    const global = config.global;
    const count = config.overrides.length;
    const rules = `${decimalText(count)} for routes, hosts or services`;
    if (global === null) return `no global rule, ${rules}`;
    const text = this.describeOne(global);
    return count == 0 ? text : `${text}; ${rules}`;
  }

  /**
   * Reads the whole configuration.
   * @param sharesConnections whether the host uses the same settings for a Redis service in all configurations
   * @returns null if there is any error
   */
  parse(text: Bytes, problems: Problems, sharesConnections: bool): PluginConfig<C> | null {
    const root = Path.root();
    if (isAllSpace(addressOf(text), text.byteLength)) {
      this.isEmpty(problems);
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
    const overrides = this.readOverrides(rules, fields, blocks);
    let global: C | null = null;
    if (hasGlobalPart(value)) global = this.read(fields, blocks);
    else if (rules.length == 0) this.isEmpty(problems);
    fields.warnOfOthers(this.fields.concat(["_rules_", "_plugin_id_"]));
    if (sharesConnections) blocks.compare(problems);
    return problems.hasErrors ? null : new PluginConfig<C>(global, overrides);
  }

  private readOverrides(rules: JsonValue[], root: Fields, blocks: RedisBlocks): Override<C>[] {
    const known = this.fields.concat(SELECTOR_FIELDS);
    const overrides: Override<C>[] = [];
    for (let i = 0; i < rules.length; ++i) {
      const fields = Fields.of(rules[i], root.at("_rules_").item(i), root.problems);
      if (fields === null) continue;
      const selector = readSelector(fields);
      const config = this.read(fields, blocks);
      fields.warnOfOthers(known);
      if (selector !== null && config !== null) overrides.push(new Override<C>(selector, config));
    }
    return overrides;
  }

  private isEmpty(problems: Problems): void {
    problems.error(Path.root(), `is empty; ${this.expected} are expected`);
  }
}

/** Whether anything is configured in addition to `_rules_`. If so, it must be a complete configuration. */
function hasGlobalPart(object: JsonValue): bool {
  for (let i = 0; i < object.keys.length; ++i) {
    if (!equals(object.keys[i], RULES) && !equals(object.keys[i], PLUGIN_ID)) return true;
  }
  return false;
}
