import { BACKSLASH, HASH, inLowerCase, PERCENT, QUESTION, SEMICOLON, SLASH, SPACE } from "../../bytes/ascii";
import { addressOf, Bytes, bytesOf } from "../../bytes/bytes";
import { textOf } from "../../bytes/utf8";
import { Fields } from "../../config/fields";
import { RedisConfig } from "../../config/redis";
import { readRedisOf, RedisBlocks } from "../../config/redis-blocks";
import { kindOf, textOfScalar } from "../../config/scalar";
import { JsonType } from "../../json/values";
import { Metering } from "../../metering/meter";
import { ConfigReader } from "../../plugin/config";
import {
  METERING_FIELDS,
  readHoldHeaders,
  readMetering,
  readStripAcceptEncoding,
  readUpgrade,
} from "../../plugin/metering-fields";
import { Reservation } from "../../ledger/reservation";
import { readReservation } from "../../plugin/reserving";
import { readVoices, Voices } from "../../plugin/voices";
import { endsIn, mayEndAnywhere, readPath } from "../../request/path-ending";
import { DEFAULT_STATUS, Denial, DenialFormat } from "./denial";

const QUOTA_FIELDS: string[] = [
  "redis_key_prefix",
  "admin_consumer",
  "admin_path",
  "enable_path_suffixes",
  "self_service",
  "consumer_header_trusted",
  "on_missing",
  "deny_with",
  "redis",
].concat(METERING_FIELDS);

const DEFAULT_PREFIX = bytesOf("chat_quota:");
const DEFAULT_ADMIN_PATH = bytesOf("/quota");
/** The longest text of a prefix, an ending or the administrator's path, in bytes. */
const MAX_TEXT: i32 = 1024;
/** Balances above that would lose digits in Redis' scripts. */
const MAX_BALANCE: i64 = 1 << 53;
const ANYTHING = "*";
const NO_ENDING =
  "must begin with a slash, and end with something else, without query, escapes, blanks, dots and empty segments";
const TOO_LONG = "must have at most 1,024 bytes";

/** One complete quota configuration. */
@final
export class QuotaConfig {
  constructor(
    /** What the keys of balances begin with (`redis_key_prefix`). */
    readonly prefix: Bytes,
    /** Who may read and change balances. */
    readonly adminConsumer: Bytes,
    /** The part of the administrator's paths after `/v1/chat/completions`; begins with a slash, in lower case. */
    readonly adminPath: Bytes,
    /** The endings of paths that are checked and charged, in lower case; empty for every path that consumes tokens. */
    readonly endings: Bytes[],
    /** Whether consumers may read their own balance. */
    readonly selfService: bool,
    /** Whether the header that names the consumer is trusted. */
    readonly trustsConsumer: bool,
    /** The initial value of a missing balance (`on_missing: {create: N}`); 0 leaves it missing. */
    readonly initialBalance: i64,
    readonly denial: Denial,
    /** Whether stock Envoy is configured to hold headers while a body is read. */
    readonly holdsHeaders: bool,
    readonly metering: Metering,
    readonly stripsAcceptEncoding: bool,
    readonly allowsUpgrades: bool,
    readonly reservation: Reservation,
    /** Where the records of calls go. */
    readonly voices: Voices,
    readonly redis: RedisConfig,
  ) {}
}

/** Reads the configuration of ai-quota. */
@final
export class QuotaConfigReader extends ConfigReader<QuotaConfig> {
  constructor() {
    super(QUOTA_FIELDS, "admin_consumer and redis");
  }

  protected describeOne(config: QuotaConfig): string {
    return `balances at "${textOf(config.prefix)}"`;
  }

  protected read(fields: Fields, blocks: RedisBlocks): QuotaConfig | null {
    const admin = fields.requiredText("admin_consumer", "the name of the consumer who may change balances");
    const redis = readRedisOf(fields, blocks);
    const prefix = fields.text("redis_key_prefix");
    if (prefix.byteLength > MAX_TEXT) fields.problems.error(fields.at("redis_key_prefix"), TOO_LONG);
    const adminPath = readAdminPath(fields);
    const endings = readEndings(fields);
    const selfService = fields.flag("self_service", false);
    const trustsConsumer = fields.flag("consumer_header_trusted", true);
    const initialBalance = readOnMissing(fields);
    const denial = readDenial(fields);
    const holdsHeaders = readHoldHeaders(fields);
    const reservation = readReservation(fields);
    const metering = readMetering(fields);
    const strips = readStripAcceptEncoding(fields);
    const allowsUpgrades = readUpgrade(fields);
    const voices = readVoices(fields, redis);
    if (redis === null) return null;
    return new QuotaConfig(
      prefix.byteLength > 0 ? prefix : DEFAULT_PREFIX,
      admin,
      adminPath,
      endings,
      selfService,
      trustsConsumer,
      initialBalance,
      denial,
      holdsHeaders,
      metering,
      strips,
      allowsUpgrades,
      reservation,
      voices,
      redis,
    );
  }
}

function readAdminPath(fields: Fields): Bytes {
  const path = fields.text("admin_path");
  if (path.byteLength == 0) return DEFAULT_ADMIN_PATH;
  return readEnding(path, fields, "admin_path", -1);
}

/** `enable_path_suffixes`: none, and also `*`, stand for every path. */
function readEndings(fields: Fields): Bytes[] {
  const endings: Bytes[] = [];
  let all = false;
  const list = fields.list("enable_path_suffixes");
  for (let i = 0; i < list.length; ++i) {
    const text = textOfScalar(list[i]);
    if (text === null) {
      const path = fields.at("enable_path_suffixes").item(i);
      fields.problems.error(path, `must be a string, is ${kindOf(list[i])}`);
    } else if (textOf(text) == ANYTHING) {
      all = true;
    } else {
      endings.push(readEnding(text, fields, "enable_path_suffixes", i));
    }
  }
  return all ? [] : endings;
}

/** The end of a path, in the form in which paths are compared. @param index its index in a list; -1 if the field is not a list */
function readEnding(text: Bytes, fields: Fields, name: string, index: i32): Bytes {
  const ending = inLowerCase(text);
  const problem = text.byteLength > MAX_TEXT ? TOO_LONG : !isEnding(ending) ? NO_ENDING : null;
  if (problem !== null) {
    const path = index < 0 ? fields.at(name) : fields.at(name).item(index);
    fields.problems.error(path, problem);
  }
  return ending;
}

/** Whether a path can end with `text`, which must be in the form in which paths are compared. */
function isEnding(text: Bytes): bool {
  const from = addressOf(text);
  const length = text.byteLength;
  if (length < 2 || load<u8>(from) != SLASH) return false;
  for (let i = 0; i < length; ++i) {
    const c = load<u8>(from + i);
    if (c <= SPACE || c == PERCENT || c == QUESTION || c == HASH || c == SEMICOLON || c == BACKSLASH)
      return false;
  }
  readPath(text);
  return !mayEndAnywhere() && endsIn(text);
}

/** `on_missing`: `deny`, or an object with `create`, the balance to begin with. */
function readOnMissing(fields: Fields): i64 {
  const value = fields.get("on_missing");
  if (value === null || value.type == JsonType.Null) return 0;
  if (value.type != JsonType.Object) {
    fields.choice("on_missing", ["deny", "an object with create"]);
    return 0;
  }
  const block = Fields.of(value, fields.at("on_missing"), fields.problems);
  if (block === null) return 0;
  block.warnOfOthers(["create"]);
  const initial = block.get("create");
  if (initial === null || initial.type == JsonType.Null) {
    block.problems.error(block.at("create"), "is missing; the balance to begin with is expected");
    return 0;
  }
  return block.integerOf("create", initial, 1, MAX_BALANCE);
}

/** `deny_with`: an object with `status` and `format`. */
function readDenial(fields: Fields): Denial {
  const value = fields.get("deny_with");
  if (value === null || value.type == JsonType.Null) return new Denial(DEFAULT_STATUS, DenialFormat.Text);
  const block = Fields.of(value, fields.at("deny_with"), fields.problems);
  if (block === null) return new Denial(DEFAULT_STATUS, DenialFormat.Text);
  block.warnOfOthers(["status", "format"]);
  const status = <i32>block.integer("status", DEFAULT_STATUS, 200, 599);
  return new Denial(status, <DenialFormat>block.choice("format", ["text", "openai", "anthropic"]));
}
