import { Fields } from "../../config/fields";
import { Limit, Window } from "../../rules/limit";

/** The fields of a limit, by ascending length of their windows. */
export const LIMIT_FIELDS: string[] = [
  "token_per_second",
  "token_per_minute",
  "token_per_hour",
  "token_per_day",
];
const SECONDS: i32[] = [1, 60, 3600, 86400];

/**
 * Reads the `token_per_*` fields of an object. All that are given apply; the published plugin takes one of them by
 * chance. A count above 2^63 - 1 is that, which is as good as no limit.
 */
export function readLimit(fields: Fields): Limit {
  const windows: Window[] = [];
  let given = false;
  for (let i = 0; i < LIMIT_FIELDS.length; ++i) {
    const value = fields.get(LIMIT_FIELDS[i]);
    if (value === null) continue;
    given = true;
    windows.push(new Window(SECONDS[i], fields.integerOf(LIMIT_FIELDS[i], value, 1, i64.MAX_VALUE)));
  }
  if (!given) fields.problems.error(fields.path, `needs at least one of ${LIMIT_FIELDS.join(", ")}`);
  return new Limit(windows);
}
