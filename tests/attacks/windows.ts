import type { Attack } from "./attack.ts";

/** Budgets that are spent twice, and calls that are not counted. */
export const BUDGETS_SPENT_TWICE: readonly Attack[] = [
  [
    "A call in the last second of a period, whose budget is then the next one's too.",
    "lua/calendar.test.ts",
    "lets nobody use a second budget before the period has ended, and everybody use it then",
  ],
  [
    "A reservation of the period that is over, settled for less, so that the new period gets tokens back.",
    "lua/calendar.test.ts",
    "whose period has ended gets nothing back from a hold that was charged in it",
  ],
  [
    "A counter that never ends, or ends a period too late, with which somebody locks another out.",
    "lua/calendar.test.ts",
    "%s is given the end of its period when it is charged, and when it denies",
  ],
  [
    "An offset of the clock that is nearly right, so that days end at another hour than anybody thinks.",
    "unit/config/windows.test.ts",
    "have no clock such as %j",
  ],
  [
    "A check of which only the reply is lost, asked again or settled, to count a call twice or not at all.",
    "lua/requests.test.ts",
    "%s counts a call once, however often its question is repeated, and never at its end",
  ],
  [
    "Calls that one limit refuses, to use up somebody's calls under another.",
    "lua/requests.test.ts",
    "%s counts no call that another counter refuses, and holds nothing where it refuses",
  ],
  [
    "Parallel calls of nothing, one more of which passes than a limit on requests allows.",
    "lua/requests.test.ts",
    "%s admits exactly as many calls as its limit, whatever they cost",
  ],
  [
    "Asking on usage_path all day long, to have requests counted, or a place taken.",
    "conformance/windows.test.ts",
    "tells requests from tokens on usage_path, where reading counts nothing",
  ],
];
