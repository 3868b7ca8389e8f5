import "../../../assembly/abi/abort";
import { copyOf } from "../../../assembly/bytes/bytes";
import {
  DIGEST,
  HmacSha256,
  sha256,
  sha256Add,
  sha256Begin,
  sha256End,
} from "../../../assembly/bytes/sha256";

/** The SHA-256 of a message. */
export function digest(message: ArrayBuffer): ArrayBuffer {
  return copyOf(sha256(changetype<usize>(message), message.byteLength), DIGEST);
}

/** The SHA-256 of a message that is added in pieces of these sizes, in turns. */
export function digestInPieces(message: ArrayBuffer, sizes: i32[]): ArrayBuffer {
  sha256Begin();
  let at = 0;
  for (let i = 0; at < message.byteLength; ++i) {
    const size = min(sizes[i % sizes.length], message.byteLength - at);
    sha256Add(changetype<usize>(message) + at, size);
    at += size;
  }
  return copyOf(sha256End(), DIGEST);
}

/** The HMAC-SHA-256 of a message. */
export function hmac(key: ArrayBuffer, message: ArrayBuffer): ArrayBuffer {
  return copyOf(new HmacSha256(key).of(changetype<usize>(message), message.byteLength), DIGEST);
}
