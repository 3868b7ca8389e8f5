import { COLON } from "../bytes/ascii";
import { addressOf, Bytes, copyOf } from "../bytes/bytes";
import { writeHex } from "../bytes/hex";
import { DIGEST, HmacSha256, sha256 } from "../bytes/sha256";

/** The longest text that a counter's name has for its caller, in bytes. */
const MAX_TEXT: i32 = 4096;
/** How many bytes of a code stand for a value: no two of 2^64 are expected to be alike. */
const CODE: i32 = 16;

/**
 * What stands in the name of a counter for the caller's value: the value itself, as published; of one that does not fit,
 * its beginning, a colon and the SHA-256 of all of it, which fill `MAX_TEXT` bytes, so that no shorter value is that text;
 * or, where there is a key, 128 bits of its HMAC-SHA-256, in hexadecimal as the other.
 */
export function callerText(value: Bytes, hmac: HmacSha256 | null): Bytes {
  const ptr = addressOf(value);
  const length = value.byteLength;
  if (hmac !== null) {
    const code = new ArrayBuffer(2 * CODE);
    writeHex(addressOf(code), hmac.of(ptr, length), CODE);
    return code;
  }
  if (length < MAX_TEXT) return value;
  const text = copyOf(ptr, MAX_TEXT);
  const hash = addressOf(text) + MAX_TEXT - 2 * DIGEST;
  store<u8>(hash - 1, COLON);
  writeHex(hash, sha256(ptr, length), DIGEST);
  return text;
}
