import { Bytes } from "../bytes/bytes";
import { IpAddress } from "../net/address";

/** Why nobody can tell which value counts: mostly because a request gives several different ones for one thing. */
export const enum Ambiguity {
  None,
  Header,
  Param,
  Cookie,
  ApiKey,
  Model,
  /** Only the body can tell, and it has not been read. */
  NotYet,
  /** The host shows fewer header lines than there are, so a header that a rule looks at may have further values. */
  TooManyHeaders,
  /** There are more values that rules look at than can be counted. */
  TooManyValues,
}

/**
 * What rules may ask about a request. Questions have the numbers that `Questions` gives them, and no other number may be asked for. `null`
 * means absent, which differs from present and empty. An implementation works out each answer once, however many rules ask.
 * Answers are valid for the current request, and stay readable as long as somebody holds them.
 */
export abstract class Facts {
  /** Set by an ambiguous answer, which is null then. */
  ambiguity: Ambiguity = Ambiguity.None;
  /** The index of the first rule item that found nothing to look at, and of the first of these that requires it; or -1. */
  missing: i32 = -1;
  required: i32 = -1;

  /** A rule item found nothing to look at. @param isRequired whether the item requires it (`on_missing: reject`) */
  // @ts-ignore: decorator
  @inline
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
  /** The caller's key, in whichever place it is; null also for an empty one. */
  abstract apiKey(): Bytes | null;
  /** The name of the model, in lower case. */
  abstract model(): Bytes | null;
  /** The client's address, IPv4-mapped IPv6 read as IPv4; null also for what is not an address. */
  abstract address(question: i32): IpAddress | null;
}
