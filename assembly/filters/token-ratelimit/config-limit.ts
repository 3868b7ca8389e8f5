import { COLON, DIGIT_0, isDigit, MINUS, PLUS } from "../../bytes/ascii";
import { addressOf, Bytes } from "../../bytes/bytes";
import { Fields } from "../../config/fields";
import { CounterKind } from "../../ledger/counter-kind";
import { Counting } from "../../ledger/limit";
import { LENGTHS, LimitTable, WINDOWS } from "../../ledger/limit-table";

/** The fields of windows: by what they count, then in ascending order of their length. */
const UNITS: string[] = ["token", "request"];
const TIMES: string[] = ["second", "minute", "hour", "day", "week", "month"];
const WINDOW_FIELDS: string[] = windowFields();
const IN_FLIGHT = "in_flight";
const BURST = "burst";
/** The fields of a limit. */
export const LIMIT_FIELDS: string[] = WINDOW_FIELDS.concat([IN_FLIGHT, BURST]);

const ALGORITHM = "algorithm";
const CALENDAR = "calendar";
const TIME_ZONE = "time_zone";
/** The fields that say how limits count. */
export const COUNTING_FIELDS: string[] = [ALGORITHM, CALENDAR, TIME_ZONE];
/** By `CounterKind`. */
const ALGORITHMS: string[] = ["fixed_window", "sliding_window", "token_bucket"];
/** No time zone is further from UTC than this. */
const MAX_HOURS: i32 = 14;

/** The largest number that scripts in Redis count exactly: their numbers are doubles. */
const MOST: i64 = 1 << 53;

/** What the limit being read allows in each window, by `WINDOW_FIELDS`. */
const amounts = new StaticArray<i64>(WINDOWS);
/** The number of counters of the limit that was read last. */
export let counterCount: i32 = 0;

function windowFields(): string[] {
  const fields: string[] = [];
  for (let i = 0; i < WINDOWS; ++i) fields.push(`${UNITS[i / LENGTHS]}_per_${TIMES[i % LENGTHS]}`);
  return fields;
}

/** Reads how the limits of a configuration or a rule item count. @param fallback what is not said otherwise */
export function readCounting(fields: Fields, fallback: Counting): Counting {
  const inherits = fallback.kind == CounterKind.Calendar;
  const given = fields.has(ALGORITHM);
  let kind = inherits ? CounterKind.FixedWindow : fallback.kind;
  if (given) kind = <CounterKind>fields.choice(ALGORITHM, ALGORITHMS);
  const isCalendar = fields.flag(CALENDAR, inherits);
  const ahead = readTimeZone(fields, fallback.aheadSeconds);
  if (!isCalendar) return new Counting(kind, ahead);
  if (kind != CounterKind.FixedWindow)
    fields.problems.error(fields.at(given ? ALGORITHM : CALENDAR), "calendar needs algorithm fixed_window");
  return new Counting(CounterKind.Calendar, ahead);
}

/** Warns about a `time_zone` if no limit that it is for counts by the calendar. */
export function checkTimeZone(fields: Fields, isUsed: bool): void {
  if (!isUsed && fields.has(TIME_ZONE))
    fields.problems.warning(fields.at(TIME_ZONE), "does nothing without calendar");
}

/** `time_zone`: how many seconds its clock is ahead of UTC. */
function readTimeZone(fields: Fields, fallback: i32): i32 {
  const text = fields.text(TIME_ZONE);
  if (text.byteLength == 0) return fallback;
  const seconds = offsetOf(text);
  if (seconds != i32.MIN_VALUE) return seconds;
  fields.problems.error(fields.at(TIME_ZONE), 'must be an offset from UTC in quotes, such as "+08:00"');
  return fallback;
}

/** The seconds in an offset such as +08:00; the least number if it is none. */
function offsetOf(text: Bytes): i32 {
  const ptr = addressOf(text);
  const sign = load<u8>(ptr);
  if (text.byteLength != 6 || (sign != PLUS && sign != MINUS) || load<u8>(ptr, 3) != COLON)
    return i32.MIN_VALUE;
  const hours = twoDigits(ptr + 1);
  const minutes = twoDigits(ptr + 4);
  if (hours > MAX_HOURS || minutes > 59) return i32.MIN_VALUE;
  const seconds = hours * 3600 + minutes * 60;
  return sign == MINUS ? -seconds : seconds;
}

/** Two digits as a number; 100 if they are none. */
function twoDigits(ptr: usize): i32 {
  const high = load<u8>(ptr);
  const low = load<u8>(ptr, 1);
  return isDigit(high) && isDigit(low) ? (high - DIGIT_0) * 10 + (low - DIGIT_0) : 100;
}

/**
 * Reads the limits of an object. All of them apply; the published plugin uses a random one.
 * @param counting how its windows count
 * @returns the number of the limit in `limits`
 */
export function readLimit(fields: Fields, limits: LimitTable, counting: Counting): i32 {
  let windowsOfTokens = 0;
  counterCount = 0;
  for (let i = 0; i < WINDOWS; ++i) {
    amounts[i] = readAmount(fields, WINDOW_FIELDS[i]);
    if (i < LENGTHS) windowsOfTokens = counterCount;
  }
  const inFlight = readAmount(fields, IN_FLIGHT);
  if (counterCount == 0)
    fields.problems.error(fields.path, "needs at least one token_per_*, request_per_* or in_flight");
  return limits.add(amounts, counting, readBurst(fields, counting, windowsOfTokens), inFlight);
}

/** What one counter allows; 0 if there is none. */
function readAmount(fields: Fields, name: string): i64 {
  const value = fields.get(name);
  if (value === null) return 0;
  ++counterCount;
  return fields.integerOf(name, value, 1, MOST);
}

/** `burst`: what a full bucket holds; 0 for what it gets back in its time. */
function readBurst(fields: Fields, counting: Counting, windowsOfTokens: i32): i64 {
  const burst = fields.get(BURST);
  if (burst === null) return 0;
  if (counting.kind == CounterKind.TokenBucket && windowsOfTokens == 1)
    return fields.integerOf(BURST, burst, 1, MOST);
  fields.problems.error(fields.at(BURST), "needs algorithm token_bucket and exactly one token_per_*");
  return 0;
}
