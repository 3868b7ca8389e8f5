import { Ambiguity, Facts } from "./facts";
import { Match } from "./match";
import { RuleItem } from "./rule-item";

/**
 * The first item, in configured order, that applies to a request; null also if an item looks at what is ambiguous, which
 * the facts tell then.
 */
export function firstMatch(items: RuleItem[], facts: Facts): Match | null {
  for (let i = 0; i < items.length; ++i) {
    const match = items[i].match(facts);
    if (match !== null) return match;
    if (facts.ambiguity != Ambiguity.None) break;
  }
  return null;
}

/** All items, in configured order, that apply to a request; as far as nothing ambiguous is looked at. */
export function allMatches(items: RuleItem[], facts: Facts): Match[] {
  const matches: Match[] = [];
  for (let i = 0; i < items.length; ++i) {
    const match = items[i].match(facts);
    if (match !== null) matches.push(match);
    else if (facts.ambiguity != Ambiguity.None) break;
  }
  return matches;
}
