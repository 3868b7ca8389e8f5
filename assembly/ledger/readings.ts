/** Receives the values of the counters that a check reads. */
export interface ReadingListener {
  /**
   * Called for each row of the demand, in order, before the decision is announced; not if the counters could not be read.
   * @param value what the counter holds: 0 if there is no such counter, NOT_A_NUMBER if it holds something else
   * @param remainingMs how long the counter lives from now; negative if there is none, or if it never expires
   * @param held what calls have reserved on it
   */
  onReading(row: i32, value: i64, remainingMs: i64, held: i64): void;
}
