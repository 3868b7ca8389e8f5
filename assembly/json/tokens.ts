/** What `JsonReader.next` found. */
export const enum Token {
  /** All bytes have been read; call `feed` or `finish`. */
  More,
  /** The text ended after one complete value. */
  End,
  /** The text is not JSON; see `JsonReader.error`. Repeated until `begin`. */
  Malformed,
  ObjectStart,
  ObjectEnd,
  ArrayStart,
  ArrayEnd,
  /** A member's name, in `text`; its value follows. */
  Key,
  /** The next piece of a string whose text is passed on in pieces, in `text`. */
  Part,
  /** A string, in `text` if it is kept; its end if its parts were passed on. */
  String,
  /** A number, in `text` as in the source. */
  Number,
  True,
  False,
  Null,
}

export const enum JsonError {
  None,
  /** A byte that RFC 8259 does not allow there. */
  Syntax,
  /** More than `MAX_DEPTH` nested containers. */
  TooDeep,
  /** The text ended too early. */
  Incomplete,
}

/** What happens to the text of string values. Keys and numbers are always kept. */
export const enum Strings {
  Drop,
  /** One String token with the whole text. */
  Keep,
  /** Any number of Part tokens, then a String token without text. Takes little memory for a string of any length. */
  Stream,
  /** The same, with the source text: escapes are neither decoded nor checked. */
  Raw,
}
