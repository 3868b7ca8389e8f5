import { Bytes, equalsAt } from "../bytes/bytes";

/** An answer that is none, because there are several. */
export const AMBIGUOUS: Bytes = new ArrayBuffer(0);

const FEWEST: i32 = 8;

/**
 * The answers to numbered questions about one request after the other. Beginning costs what the request before has left,
 * and not what could be asked.
 */
@final
export class Answers<T> {
  private values: StaticArray<T | null> = new StaticArray<T | null>(FEWEST);
  /** For each answer the request that it is about. */
  private requests: StaticArray<u64> = new StaticArray<u64>(FEWEST);
  private request: u64 = 0;
  /** The numbers of those that are not null. */
  private present: StaticArray<i32> = new StaticArray<i32>(FEWEST);
  private presentCount: i32 = 0;

  /** Makes room for the answers to `count` questions about another request. There must be no answer left. */
  begin(count: i32): void {
    ++this.request;
    if (count > this.values.length) this.grow(count);
  }

  /** Forgets all answers. */
  end(): void {
    for (let i = 0; i < this.presentCount; ++i) this.values[this.present[i]] = null;
    this.presentCount = 0;
    ++this.request;
  }

  /** Whether a question has been answered. */
  has(question: i32): bool {
    return this.requests[question] == this.request;
  }

  /** The answer; null also if there is none yet. */
  get(question: i32): T | null {
    return this.values[question];
  }

  /** Keeps an answer, in place of another. */
  keep(question: i32, value: T | null): void {
    this.requests[question] = this.request;
    if (value !== null && this.values[question] === null) this.present[this.presentCount++] = question;
    this.values[question] = value;
  }

  private grow(count: i32): void {
    const room = max(count, 2 * this.values.length);
    this.values = new StaticArray<T | null>(room);
    this.requests = new StaticArray<u64>(room);
    this.present = new StaticArray<i32>(room);
  }
}

/** Makes an answer ambiguous unless it is the `len` bytes at `ptr`. */
export function compareAnswer(answers: Answers<Bytes>, question: i32, ptr: usize, len: i32): void {
  const value = answers.get(question);
  if (value !== null && value !== AMBIGUOUS && !equalsAt(ptr, len, value)) answers.keep(question, AMBIGUOUS);
}
