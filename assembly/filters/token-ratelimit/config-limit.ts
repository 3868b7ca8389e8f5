import { Fields } from "../../config/fields";
import { LimitTable, WINDOWS } from "../../ledger/limit-table";

/** The fields of a limit, in ascending order of their windows. */
export const LIMIT_FIELDS: string[] = [
  "token_per_second",
  "token_per_minute",
  "token_per_hour",
  "token_per_day",
];

/** The largest number that scripts in Redis count exactly: their numbers are doubles. */
const MOST_TOKENS: i64 = 1 << 53;

/** The tokens of the limit that is being read. */
const tokens = new StaticArray<i64>(WINDOWS);
/** The number of windows in the limit that was read last. */
export let windowCount: i32 = 0;

/**
 * Reads the `token_per_*` fields of an object. All of them apply; the published plugin uses a random one.
 * @returns the number of the limit in `limits`
 */
export function readLimit(fields: Fields, limits: LimitTable): i32 {
  windowCount = 0;
  for (let i = 0; i < WINDOWS; ++i) {
    const value = fields.get(LIMIT_FIELDS[i]);
    tokens[i] = value === null ? 0 : fields.integerOf(LIMIT_FIELDS[i], value, 1, MOST_TOKENS);
    if (value !== null) ++windowCount;
  }
  if (windowCount == 0) {
    fields.problems.error(fields.path, `needs at least one of ${LIMIT_FIELDS.join(", ")}`);
  }
  return limits.add(tokens);
}
