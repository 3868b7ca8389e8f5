import { Bytes } from "../bytes/bytes";
import { IpAddress } from "../net/address";

/** What was found several times, with values that differ, so that nobody can tell which of them counts. */
export const enum Ambiguity {
  None,
  Header,
  Param,
  Cookie,
  /** There are more headers than the host tells, so that there may be more of one that a rule looks at. */
  TooManyHeaders,
}

/**
 * What rules may ask about a request, by the numbers that `Questions` gives. `null` means absent, which is not the same
 * as present and empty. An implementation answers the same question once, however many rules ask it.
 */
export abstract class Facts {
  /** Set by an answer that is ambiguous; that answer is null. */
  ambiguity: Ambiguity = Ambiguity.None;
  /** The position of the first rule item that found nothing to look at, and of the first that insists on it; or -1. */
  missing: i32 = -1;
  required: i32 = -1;

  /** A rule item found nothing to look at. @param isRequired whether it insists on it */
  lacks(position: i32, isRequired: bool): void {
    if (this.missing < 0) this.missing = position;
    if (isRequired && this.required < 0) this.required = position;
  }

  /** The value of a header, without blanks around it. */
  abstract header(question: i32): Bytes | null;
  /** The decoded value of a parameter in the query. */
  abstract param(question: i32): Bytes | null;
  /** The value of a cookie; null also for an empty one. */
  abstract cookie(question: i32): Bytes | null;
  /** The client's address, IPv4-mapped IPv6 read as IPv4; null also for what is not an address. */
  abstract address(question: i32): IpAddress | null;
}
