/** How many of the matching rule items apply to a request. */
export const enum RuleMode {
  /** `first_match`: the first that matches, as the published plugin 1.x does. */
  FirstMatch,
  /** `all_match`: every one that matches, and the global threshold with them, as the published plugin 2.x does. */
  AllMatch,
}
