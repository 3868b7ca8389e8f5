/** What `JsonReader.next` found. */
export const enum Token {
  /** The bytes fed so far are used up; feed more, or say `finish`. */
  More,
  /** The text ended after one complete value. */
  End,
  /** The text is not JSON, see `JsonReader.error`; repeated until `begin`. */
  Malformed,
  ObjectStart,
  ObjectEnd,
  ArrayStart,
  ArrayEnd,
  /** A member's name, in `text`; its value follows. */
  Key,
  /** The next piece of a string whose text is passed on piece by piece, in `text`. */
  Part,
  /** A string, in `text` if it is kept; the end of it if its parts were passed on. */
  String,
  /** A number, in `text` as it was written. */
  Number,
  True,
  False,
  Null,
}

export const enum JsonError {
  None,
  /** A byte that RFC 8259 does not allow there. */
  Syntax,
  /** More than `MAX_DEPTH` containers inside each other. */
  TooDeep,
  /** The text ended too early. */
  Incomplete,
}

/** What becomes of the text of string values. Keys and numbers are always kept. */
export const enum Strings {
  Drop,
  /** One String token with all of the text. */
  Keep,
  /** Any number of Part tokens, in little memory however long the string is, then a String token without text. */
  Stream,
  /** The same, as it is written: escapes are neither decoded nor checked. */
  Raw,
}
