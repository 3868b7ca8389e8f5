import { Bytes, equalsAt } from "../bytes/bytes";

/** Stands for different answers to one question, none of which can be believed. */
export const AMBIGUOUS: Bytes = new ArrayBuffer(0);

const FEWEST: i32 = 8;

/**
 * The answers to numbered questions about one request at a time. The cost of the next request depends on how many answers
 * the previous one left, not on how many questions there are. Questions must be below the number that `begin` was given, so
 * they are not checked again.
 */
@final
export class Answers<T> {
  private values: StaticArray<T | null> = new StaticArray<T | null>(FEWEST);
  /** For each answer, the number of the request that it belongs to. */
  private requests: StaticArray<u64> = new StaticArray<u64>(FEWEST);
  private request: u64 = 0;
  /** The questions whose answers are not null. */
  private present: StaticArray<i32> = new StaticArray<i32>(FEWEST);
  private presentCount: i32 = 0;

  /** Starts a new request with `count` questions. All earlier answers must have been forgotten. */
  // @ts-ignore: decorator
  @inline
  begin(count: i32): void {
    ++this.request;
    if (count > this.values.length) this.grow(count);
  }

  // @ts-ignore: decorator
  @inline
  end(): void {
    for (let i = 0; i < this.presentCount; ++i) unchecked((this.values[this.present[i]] = null));
    this.presentCount = 0;
    ++this.request;
  }

  /** Whether a question has been answered. */
  // @ts-ignore: decorator
  @inline
  has(question: i32): bool {
    return unchecked(this.requests[question]) == this.request;
  }

  /** The answer; also null if the question has not been answered. */
  get(question: i32): T | null {
    return unchecked(this.values[question]);
  }

  /** Stores an answer, and replaces an earlier one. */
  keep(question: i32, value: T | null): void {
    unchecked((this.requests[question] = this.request));
    if (value !== null && unchecked(this.values[question]) === null) {
      unchecked((this.present[this.presentCount++] = question));
    }
    unchecked((this.values[question] = value));
  }

  private grow(count: i32): void {
    const room = max(count, 2 * this.values.length);
    this.values = new StaticArray<T | null>(room);
    this.requests = new StaticArray<u64>(room);
    this.present = new StaticArray<i32>(room);
  }
}

/** Marks an answer as ambiguous unless it equals the `len` bytes at `ptr`. */
export function compareAnswer(answers: Answers<Bytes>, question: i32, ptr: usize, len: i32): void {
  const value = answers.get(question);
  if (value !== null && value !== AMBIGUOUS && !equalsAt(ptr, len, value)) answers.keep(question, AMBIGUOUS);
}
