import { Facts } from "./facts";
import { Match } from "./match";
import { RuleItem } from "./rule-item";

/** The first item, in configured order, that applies to a request. */
export function firstMatch(items: RuleItem[], facts: Facts): Match | null {
  for (let i = 0; i < items.length; ++i) {
    const match = items[i].match(facts);
    if (match !== null) return match;
  }
  return null;
}

/** All items, in configured order, that apply to a request. */
export function allMatches(items: RuleItem[], facts: Facts): Match[] {
  const matches: Match[] = [];
  for (let i = 0; i < items.length; ++i) {
    const match = items[i].match(facts);
    if (match !== null) matches.push(match);
  }
  return matches;
}
