import { addressOf, Bytes } from "../bytes/bytes";
import { parseInteger } from "../bytes/decimal";
import { BODY_HEADERS } from "../rules/questions";
import { HttpSource } from "./header-facts";

/** How an authorization begins whose signature covers the body, which must not change then (AWS, Signature Version 4). */
const AWS4: u32 = 0x34535741;

/** What the headers of a request say about its body. */
@final
export class BodyHeaders {
  /** How many bytes it has; negative if that is unknown. */
  length: i64 = -1;
  /** Whether it is encoded: such a body may be JSON although its bytes are not. */
  isEncoded: bool = false;
  /** Whether it is signed, so that it must not change. */
  isSigned: bool = false;

  /** Asks for each header by name. */
  read(source: HttpSource): void {
    const names = BODY_HEADERS;
    this.note(
      source.header(names[0]),
      source.header(names[1]),
      source.header(names[2]),
      source.header(names[3]),
    );
  }

  /** Takes the values of `BODY_HEADERS`. */
  note(length: Bytes | null, encoding: Bytes | null, hash: Bytes | null, authorization: Bytes | null): void {
    this.length = length !== null ? parseInteger(addressOf(length), length.byteLength) : -1;
    this.isEncoded = encoding !== null;
    this.isSigned = hash !== null || isSignature(authorization);
  }
}

function isSignature(authorization: Bytes | null): bool {
  return (
    authorization !== null && authorization.byteLength > 4 && load<u32>(addressOf(authorization)) == AWS4
  );
}

/** Those of the current request. Read them before a stream is to hold its body. */
export const BODY = new BodyHeaders();
