import { Ambiguity, Facts } from "./facts";
import { Match } from "./match";
import { RuleItem } from "./rule-item";

/**
 * The first item, in configured order, that applies to a request.
 * @returns null if none applies, or if an item before it looks at something ambiguous; check `facts.ambiguity`
 */
export function firstMatch(items: RuleItem[], facts: Facts): Match | null {
  for (let i = 0; i < items.length; ++i) {
    const match = items[i].match(facts);
    if (match !== null) return match;
    if (facts.ambiguity != Ambiguity.None) break;
  }
  return null;
}

/**
 * All items, in configured order, that apply to a request.
 * @returns an incomplete list if an item looks at something ambiguous; check `facts.ambiguity`
 */
export function allMatches(items: RuleItem[], facts: Facts): Match[] {
  const matches: Match[] = [];
  for (let i = 0; i < items.length; ++i) {
    const match = items[i].match(facts);
    if (match !== null) matches.push(match);
    else if (facts.ambiguity != Ambiguity.None) break;
  }
  return matches;
}
