import { COLON, MINUS } from "./ascii";
import { ByteBuilder } from "./builder";

const DAY: i64 = 86_400;
/** Days from 0000-03-01 to 1970-01-01, and in 400 years. Years that begin in March end with their leap day. */
const EPOCH_DAYS: i64 = 719_468;
const ERA_DAYS: i64 = 146_097;

/** Appends a time as RFC 3339 does, in UTC. @param seconds since the epoch, not negative */
export function appendTime(out: ByteBuilder, seconds: i64): void {
  const days = seconds / DAY + EPOCH_DAYS;
  const era = days / ERA_DAYS;
  const day = days % ERA_DAYS;
  const year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
  const ofYear = day - (365 * year + year / 4 - year / 100);
  const march = (5 * ofYear + 2) / 153;
  const month = march < 10 ? march + 3 : march - 9;
  const clock = seconds % DAY;
  two(out, (year + era * 400 + <i64>(month <= 2)) / 100);
  two(out, (year + era * 400 + <i64>(month <= 2)) % 100);
  two(out.byte(MINUS), month);
  two(out.byte(MINUS), ofYear - (153 * march + 2) / 5 + 1);
  two(out.byte(0x54 /* T */), clock / 3600);
  two(out.byte(COLON), (clock / 60) % 60);
  two(out.byte(COLON), clock % 60);
  out.byte(0x5a /* Z */);
}

/** Appends a duration as Go writes it, and OpenAI's API: `1h0m0s`, `1.2s`, `17ms`. */
export function appendDuration(out: ByteBuilder, ms: i64): void {
  if (ms > 0 && ms < 1000) {
    out.decimal(ms).text("ms");
    return;
  }
  const seconds = ms / 1000;
  if (seconds >= 3600) out.decimal(seconds / 3600).text("h");
  if (seconds >= 60) out.decimal((seconds / 60) % 60).text("m");
  out.decimal(seconds % 60);
  let fraction = ms % 1000;
  if (fraction > 0) {
    out.text(".");
    for (let unit: i64 = 100; fraction > 0; unit /= 10) {
      out.decimal(fraction / unit);
      fraction %= unit;
    }
  }
  out.text("s");
}

function two(out: ByteBuilder, value: i64): void {
  out.decimal(value / 10).decimal(value % 10);
}
