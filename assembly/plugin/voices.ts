import { getHeader, removeHeader } from "../abi/headers";
import { HeaderMapType } from "../abi/types";
import { COLON } from "../bytes/ascii";
import { addressOf, Bytes, EMPTY } from "../bytes/bytes";
import { HmacSha256 } from "../bytes/sha256";
import { Fields } from "../config/fields";
import { RedisConfig } from "../config/redis";
import { JsonType } from "../json/values";
import { secretHash } from "./secret-hash";

const DEBUG_FIELDS: string[] = ["header", "secret"];
/** The shortest secret, in bytes: a shorter one could be guessed. */
const LEAST_SECRET: i32 = 16;

/** Where the records of calls go, besides a log at level debug (`debug`, `decision_log`). Immutable. */
@final
export class Voices {
  constructor(
    /** The header in which a client asks for the record of its call, and gets it; empty if no client may ask. */
    readonly header: Bytes,
    /** The value that it must have. */
    private readonly secret: Bytes,
    /** Whether records become filter state, for access logs and traces. */
    readonly setsFilterState: bool,
    /** The hash that stands for callers in records. */
    readonly hash: HmacSha256,
  ) {}

  /** Whether the current request asks for its record. */
  get isAsked(): bool {
    if (this.header.byteLength == 0) return false;
    const value = getHeader(HeaderMapType.HttpRequestHeaders, this.header);
    return value !== null && isSame(value, this.secret);
  }

  /** Removes the secret from the current request, so that no upstream learns it. */
  // @ts-ignore: decorator
  @inline
  hideSecret(): void {
    if (this.header.byteLength > 0) removeHeader(HeaderMapType.HttpRequestHeaders, this.header);
  }
}

/** Reads `debug` and `decision_log`. @param redis its credentials are the key to the hash of callers */
export function readVoices(fields: Fields, redis: RedisConfig | null): Voices {
  let header = EMPTY;
  let secret = EMPTY;
  const value = fields.get("debug");
  if (value !== null && value.type != JsonType.Null) {
    const block = Fields.of(value, fields.at("debug"), fields.problems);
    if (block !== null) {
      header = block.text("header");
      secret = block.text("secret");
      if (header.byteLength == 0 || load<u8>(addressOf(header)) == COLON)
        block.problems.error(block.at("header"), "must be the name of the header with which clients ask");
      if (secret.byteLength < LEAST_SECRET)
        block.problems.error(
          block.at("secret"),
          "must have at least 16 bytes; whoever knows it sees what limits apply",
        );
      block.warnOfOthers(DEBUG_FIELDS);
    }
  }
  const setsFilterState = fields.flag("decision_log", false);
  return new Voices(header, secret, setsFilterState, secretHash("decision record", EMPTY, redis));
}

/** Compares in constant time, so that nobody can guess a secret byte by byte. */
function isSame(a: Bytes, b: Bytes): bool {
  const length = b.byteLength;
  if (a.byteLength != length) return false;
  let difference: u8 = 0;
  for (let i = 0; i < length; ++i) difference |= load<u8>(addressOf(a) + i) ^ load<u8>(addressOf(b) + i);
  return difference == 0;
}
