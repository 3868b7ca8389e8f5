import { COLON } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { made } from "../bytes/bytes";
import { Ambiguity, Facts } from "./facts";
import { isOfModel } from "./limit-by";
import { Match, Subject } from "./match";
import { RuleItem } from "./rule-item";

/** What the match of a condition leaves to the garbage collector, in bytes, about. */
const MATCH_BYTES: i32 = 64;
const values = new ByteBuilder(256, i32.MAX_VALUE);
/** A longer buffer is not kept for the next request. */
const KEPT: i32 = 4096;

/** One of the conditions of a `match`. */
@final
export class Condition {
  constructor(
    /** An item with this condition only. */
    readonly item: RuleItem,
    /** Whether each value has a counter of its own; otherwise the condition only selects. */
    readonly splits: bool,
  ) {}
}

/** An item with `match`: it applies if all conditions hold, and has a counter for each combination of values. */
@final
export class CombinedRuleItem extends RuleItem {
  constructor(
    subject: Subject,
    private readonly conditions: Condition[],
    /** The number of its limit. */
    private readonly limit: i32,
  ) {
    super(subject);
  }

  match(facts: Facts): Match | null {
    const missing = facts.missing;
    const required = facts.required;
    const conditions = this.conditions;
    facts.missing = -1;
    values.clear();
    let holds = true;
    for (let i = 0; i < conditions.length && holds; ++i)
      if (!isOfModel(conditions[i].item.subject.by)) holds = this.holds(conditions[i], facts);
    // The model comes last, because to find it the body may have to be held.
    const needsModel = facts.missing < 0 || this.subject.isRequired;
    for (let i = 0; i < conditions.length && holds && needsModel; ++i)
      if (isOfModel(conditions[i].item.subject.by)) holds = this.holds(conditions[i], facts);
    const isMissing = facts.missing >= 0;
    facts.missing = missing;
    facts.required = required;
    if (!holds || facts.ambiguity != Ambiguity.None) return null;
    if (isMissing) return this.lacks(facts);
    const match = new Match(this.subject, this.limit, -1, values.toBytes());
    if (values.length > KEPT) values.reset(256);
    return match;
  }

  /** Whether a condition holds, or there is nothing for it to look at. Adds what it splits by, with its length in front. */
  private holds(condition: Condition, facts: Facts): bool {
    made(MATCH_BYTES);
    const before = facts.missing;
    facts.missing = -1;
    const match = condition.item.match(facts);
    const isMissing = facts.missing >= 0;
    facts.missing = max(before, facts.missing);
    if (match === null) return isMissing && facts.ambiguity == Ambiguity.None;
    if (condition.splits) values.decimal(match.value.byteLength).byte(COLON).bytes(match.value);
    return true;
  }
}
