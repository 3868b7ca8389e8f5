/** How far a text has been read. */
export const enum Progress {
  /** It goes on. */
  Open,
  /** Its value has ended; what follows has not been read. */
  Complete,
  /** It is not JSON. What was found before that counts. */
  Malformed,
}
