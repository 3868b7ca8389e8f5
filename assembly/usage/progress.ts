/** How far a JSON text has been read. */
export const enum Progress {
  /** It continues. */
  Open,
  /** Its value has ended; nothing after it has been read. */
  Complete,
  /** It is not valid JSON. What was found before the error counts. */
  Malformed,
}
