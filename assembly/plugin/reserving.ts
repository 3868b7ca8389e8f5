import { Fields } from "../config/fields";
import { JsonType } from "../json/values";
import { Reservation } from "../ledger/reservation";

const FIELDS: string[] = [
  "mode",
  "default_output_tokens",
  "min_output_tokens",
  "ttl_seconds",
  "max_body_bytes",
  "on_lapse",
];
const MODES: string[] = ["off", "estimate", "clamp"];
const ESTIMATE = 1;
const CLAMP = 2;

const DEFAULT_OUTPUT_TOKENS: i64 = 1024;
const MIN_OUTPUT_TOKENS: i64 = 16;
const MAX_OUTPUT_TOKENS: i64 = 1 << 30;
const DEFAULT_TTL_SECONDS: i64 = 600;
const MAX_TTL_SECONDS: i64 = 86_400;
const DEFAULT_BODY_BYTES: i64 = 512 << 10;
const MAX_BODY_BYTES: i64 = 16 << 20;

/** How a configuration has calls reserve what they may cost (`reservation`). Immutable. */
@final
export class Reserving {
  constructor(
    readonly reservation: Reservation,
    /** Whether the output that was granted is written into requests (`mode: clamp`). */
    readonly clamps: bool,
    /** The output of a call that states none, in tokens. */
    readonly defaultOutputTokens: i64,
    /** The least output, in tokens, that may be granted to a call that has asked for more. */
    readonly minOutputTokens: i64,
    /** A body that is longer is not held; its call is judged by its size. */
    readonly maxBodyBytes: i64,
  ) {}
}

/** Reads `reservation`. @returns null if nothing is to be reserved */
export function readReserving(fields: Fields): Reserving | null {
  const value = fields.get("reservation");
  if (value === null || value.type == JsonType.Null) return null;
  const block = Fields.of(value, fields.at("reservation"), fields.problems);
  if (block === null) return null;
  const mode = block.choice("mode", MODES);
  if (!block.has("mode"))
    block.problems.error(block.at("mode"), "is missing; off, estimate or clamp is expected");
  const output = block.integer("default_output_tokens", DEFAULT_OUTPUT_TOKENS, 1, MAX_OUTPUT_TOKENS);
  const least = block.integer("min_output_tokens", MIN_OUTPUT_TOKENS, 1, MAX_OUTPUT_TOKENS);
  const ttlSeconds = block.integer("ttl_seconds", DEFAULT_TTL_SECONDS, 1, MAX_TTL_SECONDS);
  const bodyBytes = block.integer("max_body_bytes", DEFAULT_BODY_BYTES, 1, MAX_BODY_BYTES);
  const chargesLapsed = block.choice("on_lapse", ["charge", "release"]) == 0;
  block.warnOfOthers(FIELDS);
  if (mode != ESTIMATE && mode != CLAMP) return null;
  const reservation = new Reservation(ttlSeconds, chargesLapsed);
  return new Reserving(reservation, mode == CLAMP, output, least, bodyBytes);
}
