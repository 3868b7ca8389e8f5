import { Fields } from "../config/fields";
import { JsonType } from "../json/values";
import { NO_RESERVATION, Reservation, ReservationMode } from "../ledger/reservation";

export const RESERVATION = "reservation";
const FIELDS: string[] = [
  "mode",
  "default_output_tokens",
  "min_output_tokens",
  "ttl_seconds",
  "max_body_bytes",
  "on_lapse",
];
/** By `ReservationMode`. */
const MODES: string[] = ["off", "estimate", "clamp"];

const DEFAULT_OUTPUT_TOKENS: i64 = 1024;
const MIN_OUTPUT_TOKENS: i64 = 16;
const MAX_OUTPUT_TOKENS: i64 = 1 << 30;
const DEFAULT_TTL_SECONDS: i64 = 600;
/** With less, the record of a hold would be gone before its settlement is given up whose reply was lost. */
const MIN_TTL_SECONDS: i64 = 30;
const MAX_TTL_SECONDS: i64 = 86_400;
const DEFAULT_BODY_BYTES: i64 = 512 << 10;
const MAX_BODY_BYTES: i64 = 16 << 20;

/** Reads `reservation` of a configuration or a rule item. @param fallback if it is missing */
export function readReservation(fields: Fields, fallback: Reservation = NO_RESERVATION): Reservation {
  const value = fields.get(RESERVATION);
  if (value === null || value.type == JsonType.Null) return fallback;
  const block = Fields.of(value, fields.at(RESERVATION), fields.problems);
  if (block === null) return fallback;
  const mode = block.choice("mode", MODES);
  const given = block.get("mode");
  if (given === null || given.type == JsonType.Null)
    block.problems.error(block.at("mode"), "is missing; off, estimate or clamp is expected");
  const output = block.integer("default_output_tokens", DEFAULT_OUTPUT_TOKENS, 1, MAX_OUTPUT_TOKENS);
  const least = block.integer("min_output_tokens", MIN_OUTPUT_TOKENS, 1, MAX_OUTPUT_TOKENS);
  const ttlSeconds = block.integer("ttl_seconds", DEFAULT_TTL_SECONDS, MIN_TTL_SECONDS, MAX_TTL_SECONDS);
  const bodyBytes = block.integer("max_body_bytes", DEFAULT_BODY_BYTES, 1, MAX_BODY_BYTES);
  const chargesLapsed = block.choice("on_lapse", ["charge", "release"]) == 0;
  block.warnOfOthers(FIELDS);
  if (mode <= ReservationMode.Off) return NO_RESERVATION;
  return new Reservation(<ReservationMode>mode, ttlSeconds, chargesLapsed, output, least, bodyBytes);
}
