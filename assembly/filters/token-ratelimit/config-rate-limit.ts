import { decimalText } from "../../bytes/decimal";
import { inLowerCase, RIGHT_BRACE } from "../../bytes/ascii";
import { addressOf, Bytes, bytesOf, equals } from "../../bytes/bytes";
import { textOf } from "../../bytes/utf8";
import { Fields } from "../../config/fields";
import { Path } from "../../config/path";
import { RedisConfig } from "../../config/redis";
import { readRedisOf, RedisBlocks } from "../../config/redis-blocks";
import { textOfScalar } from "../../config/scalar";
import { Metering } from "../../metering/meter";
import { Format, FORMATS } from "../../rejection/formats";
import { LIMIT_HEADERS, LimitHeaders } from "../../rejection/limit-headers";
import { Rejection } from "../../rejection/rejection";
import {
  METERING_FIELDS,
  readHoldHeaders,
  readMetering,
  readStripAcceptEncoding,
  readUpgrade,
} from "../../plugin/metering-fields";
import { readReservation } from "../../plugin/reserving";
import { secretHash } from "../../plugin/secret-hash";
import { readVoices, Voices } from "../../plugin/voices";
import { HmacSha256 } from "../../bytes/sha256";
import { CounterKind } from "../../ledger/counter-kind";
import { RowFlag } from "../../ledger/row";
import { Counting, Limit } from "../../ledger/limit";
import { LimitTable } from "../../ledger/limit-table";
import { Reservation } from "../../ledger/reservation";
import { normalPath } from "../../request/normal-path";
import { RuleItem } from "../../rules/rule-item";
import { Questions } from "../../rules/questions";
import { RuleMode } from "../../rules/rule-mode";
import { checkTimeZone, COUNTING_FIELDS, LIMIT_FIELDS, readCounting, readLimit } from "./config-limit";
import {
  effective,
  readRowFlags,
  readSoftness,
  SOFT_FIELDS,
  Softness,
  STRICTNESS_FIELDS,
} from "./config-enforcement";
import { NAME, REJECTED, UNAVAILABLE } from "./identity";
import { MODEL_WEIGHTS, readModelWeights } from "./config-model-weights";
import { RuleItemsReader } from "./config-rule-items";

/** The fields of a rate limit. */
export const RATE_LIMIT_FIELDS: string[] = [
  "rule_name",
  "rule_mode",
  "global_threshold",
  "rule_items",
  "rejected_code",
  "rejected_msg",
  "rejected_format",
  "limit_headers",
  "hash_keys",
  "usage_path",
  "model_header",
  MODEL_WEIGHTS,
  "redis",
]
  .concat(COUNTING_FIELDS)
  .concat(STRICTNESS_FIELDS)
  .concat(SOFT_FIELDS)
  .concat(METERING_FIELDS);

const DEFAULT_REJECTED_CODE = 429;
const DEFAULT_REJECTED_MESSAGE = bytesOf("Too many requests");

/** A complete rate limiting configuration, checked and compiled. */
@final
export class RateLimitConfig {
  constructor(
    /** `rule_name`, a part of all Redis keys; may be empty. */
    readonly ruleName: Bytes,
    readonly mode: RuleMode,
    /** `global_threshold`. */
    readonly globalLimit: Limit | null,
    /** `rule_items`. In `RuleMode.FirstMatch`, there is either a global limit or at least one item. */
    readonly items: RuleItem[],
    /** The limits of the items' keys, by number. */
    readonly limits: LimitTable,
    /** The questions of the items about a request. */
    readonly questions: Questions,
    /** `rejected_code`, `rejected_msg`, `rejected_format` and `limit_headers`. */
    readonly rejection: Rejection,
    /** `token_weights` and `missing_usage`. */
    readonly metering: Metering,
    /** Whether `accept-encoding` is removed from requests, so that responses can be read. */
    readonly stripsAcceptEncoding: bool,
    /** Whether requests may become WebSockets and the like, which are then counted (`upgrade`). */
    readonly allowsUpgrades: bool,
    /** The hash that replaces callers' values in the names of counters; null to use the values themselves (`hash_keys`). */
    readonly keyHash: HmacSha256 | null,
    /** How calls reserve what they may cost (`reservation`): those of `globalLimit`, and those of each item. */
    readonly reservation: Reservation,
    readonly itemReservations: Reservation[],
    /** How strictly the limits apply: `globalLimit`, and those of each item. */
    readonly flags: RowFlag,
    readonly itemFlags: RowFlag[],
    readonly softness: Softness,
    /** Whether stock Envoy is configured to hold headers while a body is read (`hold_headers`). */
    readonly holdsHeaders: bool,
    /** Where the records of calls go. */
    readonly voices: Voices,
    /** The path on which callers read their usage, in normal form; null if there is none (`usage_path`). */
    readonly usagePath: Bytes | null,
    readonly redis: RedisConfig,
    /** The path of `rule_items`, for messages. */
    readonly itemsPath: Path,
  ) {}

  /** Whether callers or operators are told about the counters of calls that pass. */
  get tellsReadings(): bool {
    return this.rejection.limitHeaders != LimitHeaders.None || this.softness.warnAt > 0;
  }

  /** A short description for the log, without secrets. */
  describe(): string {
    const mode = this.mode == RuleMode.AllMatch ? "all_match" : "first_match";
    const limit = this.globalLimit !== null ? ", global threshold" : "";
    const count = this.items.length;
    const items = count == 0 ? "" : count == 1 ? ", 1 rule item" : `, ${decimalText(count)} rule items`;
    return `rule "${textOf(this.ruleName)}": ${mode}${limit}${items}`;
  }
}

/**
 * Reads a rate limiting configuration: the global one, or that of a rule in `_rules_`.
 * @param blocks gets its redis block, to compare it with others
 * @returns null if there is no rule_name or no redis; otherwise a configuration that is usable only if no error was reported
 */
export function readRateLimit(fields: Fields, blocks: RedisBlocks): RateLimitConfig | null {
  const redis = readRedisOf(fields, blocks);
  const name = readRuleName(fields);
  const errorsBefore = fields.problems.errorCount;
  const mode = readMode(fields);
  const isModeKnown = fields.problems.errorCount == errorsBefore;
  const counting = readCounting(fields, new Counting(CounterKind.FixedWindow, 0));
  const globalLimit = readGlobalLimit(fields, counting);
  const reservation = readReservation(fields);
  const flags = readRowFlags(fields);
  const isShadow = (flags & RowFlag.Shadow) != 0;
  const softness = readSoftness(fields);
  const modelHeader = fields.text("model_header");
  const reader = new RuleItemsReader(fields.problems, counting, reservation, flags, modelHeader);
  if (fields.has("rule_items")) reader.read(fields.listOfObjects("rule_items"), fields.at("rule_items"));
  checkTimeZone(fields, counting.kind == CounterKind.Calendar || reader.hasCalendar);
  checkCombination(fields, mode == RuleMode.FirstMatch && isModeKnown);
  const code = <i32>fields.integer("rejected_code", DEFAULT_REJECTED_CODE, 200, 599);
  const message = readMessage(fields);
  const format = <Format>fields.choice("rejected_format", FORMATS);
  const limitHeaders = <LimitHeaders>fields.choice("limit_headers", LIMIT_HEADERS);
  const metering = readWeighted(fields);
  if (metering.models !== null) reader.questions.model(fields.text("model_header"));
  if (reservation.isOn) reader.questions.body();
  const strips = readStripAcceptEncoding(fields);
  const allowsUpgrades = readUpgrade(fields);
  const hashesKeys = fields.flag("hash_keys", false);
  const usagePath = readUsagePath(fields);
  const holdsHeaders = readHoldHeaders(fields);
  const voices = readVoices(fields, redis);

  if (name === null) return null;
  checkRuleName(name, fields, touchesSeveralCounters(mode, globalLimit, reader));
  if (redis === null) return null;
  return new RateLimitConfig(
    name,
    mode,
    globalLimit,
    reader.items,
    reader.keys.limits,
    reader.questions,
    new Rejection(code, message, isJsonMessage(fields), format, limitHeaders, REJECTED, UNAVAILABLE),
    metering,
    strips,
    allowsUpgrades || isShadow,
    hashesKeys ? readKeyHash(fields, name, redis) : null,
    isShadow ? reservation.watching : reservation,
    reader.reservations,
    effective(flags),
    reader.flags,
    softness,
    holdsHeaders,
    voices,
    usagePath,
    redis,
    fields.at("rule_items"),
  );
}

/** How calls are metered: `token_weights` and `missing_usage`, and `model_weights` on top of them. */
function readWeighted(fields: Fields): Metering {
  const metering = readMetering(fields);
  const models = readModelWeights(fields, metering.weights);
  return models === null ? metering : new Metering(metering.weights, metering.estimates, models);
}

function readRuleName(fields: Fields): Bytes | null {
  const value = fields.get("rule_name");
  if (value !== null) return fields.textOf("rule_name", value);
  fields.problems.error(fields.at("rule_name"), "is missing; the counters in Redis are named after it");
  return null;
}

function readGlobalLimit(fields: Fields, counting: Counting): Limit | null {
  const value = fields.get("global_threshold");
  if (value === null) return null;
  const windows = Fields.of(value, fields.at("global_threshold"), fields.problems);
  if (windows === null) return null;
  const limits = new LimitTable();
  const id = readLimit(windows, limits, counting);
  limits.complete();
  windows.warnOfOthers(LIMIT_FIELDS);
  return limits.get(id);
}

/** A field that is there but null counts as given. */
function checkCombination(fields: Fields, onlyOne: bool): void {
  const global = fields.has("global_threshold");
  const items = fields.has("rule_items");
  if (!global && !items) {
    fields.problems.error(fields.path, "needs global_threshold or rule_items");
  } else if (global && items && onlyOne) {
    const message = "has both global_threshold and rule_items, which only rule_mode all_match allows";
    fields.problems.error(fields.path, message);
  }
}

/** Whether one script may use several counters. */
function touchesSeveralCounters(mode: RuleMode, limit: Limit | null, reader: RuleItemsReader): bool {
  if (reader.keys.mostCounters > 1 || (limit !== null && limit.windows.length > 1)) return true;
  return mode == RuleMode.AllMatch && reader.items.length + (limit === null ? 0 : 1) > 1;
}

function readMode(fields: Fields): RuleMode {
  return fields.choice("rule_mode", ["first_match", "all_match"]) == 1
    ? RuleMode.AllMatch
    : RuleMode.FirstMatch;
}

/** `rejected_msg`: a text, nothing for null, or the source text of an object or list. */
function readMessage(fields: Fields): Bytes {
  const value = fields.get("rejected_msg");
  if (value === null) return DEFAULT_REJECTED_MESSAGE;
  const text = textOfScalar(value);
  return text === null ? value.raw : text;
}

function isJsonMessage(fields: Fields): bool {
  const value = fields.get("rejected_msg");
  return value !== null && textOfScalar(value) === null;
}

/** `usage_path`: only the normal form is accepted, in any letter case, because that is what paths of requests are compared with. */
function readUsagePath(fields: Fields): Bytes | null {
  const path = fields.text("usage_path");
  if (path.byteLength == 0) return null;
  const normal = normalPath(path);
  if (equals(normal, inLowerCase(path))) return normal;
  const expected = "must be a whole path such as /v1/usage, without query, escapes, dots and empty segments";
  fields.problems.error(fields.at("usage_path"), expected);
  return null;
}

/** Redis Cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags */
function checkRuleName(name: Bytes, fields: Fields, severalCounters: bool): void {
  const isEmpty = name.byteLength == 0;
  if (severalCounters && (isEmpty || load<u8>(addressOf(name)) == RIGHT_BRACE)) {
    const what = isEmpty ? "is empty" : "begins with }";
    const message = `${what}, which puts the counters of one request into different slots of a Redis Cluster`;
    fields.problems.warning(fields.at("rule_name"), message);
  } else if (isEmpty) {
    const message = "is empty, so that all rules without a name share their counters";
    fields.problems.warning(fields.at("rule_name"), message);
  }
}

/** The hash for `hash_keys`, with a key of its own for each rule, so that one caller has different codes under different rules. */
function readKeyHash(fields: Fields, ruleName: Bytes, redis: RedisConfig): HmacSha256 {
  if (redis.password.byteLength == 0 && redis.http.authorization.byteLength == 0) {
    const message =
      "without redis.password has no secret: whoever guesses a caller's value finds its counter";
    fields.problems.warning(fields.at("hash_keys"), message);
  }
  return secretHash(`${NAME} hash_keys`, ruleName, redis);
}
