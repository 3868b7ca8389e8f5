/*
 * A path through all that may happen is a list of choices. Each path is played from the beginning; the last choice that has an
 * alternative left makes the next one.
 */

/** What may be chosen from, besides opening, closing and answering: a sum of these. */
export const enum May {
  Peek = 1,
  Settle = 2,
  /** Settle with a name: of an answer that was just made, and of one that was fetched. */
  Name = 4,
  /** Close again, or settle, what has been closed and is not used by another stream. */
  CloseTwice = 8,
  /** Open a ticket like another one. */
  Like = 16,
  /** Open a ticket with so many counters that it is not kept. */
  Large = 32,
  /** Let a second pass. */
  Tick = 64,
  /** Let more time pass than a charge is tried for. */
  Late = 128,
  /** The transport refuses a command, or it is answered before `send` returns. */
  Inside = 256,
  /** Listeners close, settle, or close and open another in the middle of `onDecided`. */
  Listen = 512,
  /** Each kind of reply; else only one that is good and one that is lost. */
  Replies = 1024,
  /** The breaker is open from the beginning. */
  Down = 2048,
  /** Ask for a reservation. */
  Reserve = 4096,
}

/** What may be chosen from on the paths that are played: a sum of `May`. */
let allowed: i32 = 0;

export function may(what: May): bool {
  return (allowed & what) != 0;
}

// The choices of the path that is played, and how many there were for each.
const chosen = new StaticArray<i32>(256);
const widths = new StaticArray<i32>(256);
let known: i32 = 0;
let cursor: i32 = 0;
let ending: bool = false;

/** What is chosen of so many; the first when the path is at its end. */
export function choose(count: i32): i32 {
  if (ending || count == 1) return 0;
  if (cursor == known) chosen[known++] = 0;
  widths[cursor] = count;
  return chosen[cursor++];
}

/** Goes on to the next path; false if there is none. */
export function advance(): bool {
  while (known > 0 && chosen[known - 1] + 1 >= widths[known - 1]) --known;
  if (known == 0) return false;
  ++chosen[known - 1];
  return true;
}

/** What happens on the path, if that is told. */
let trace: string[] = [];
let problem: string = "";
let tracing: bool = false;

/** What must hold; the first message is kept of what does not. */
export function expect(holds: bool, message: string): void {
  if (!holds && problem.length == 0) problem = message;
}

/** Tells what happens, when the path is to be told. */
export function did(what: string, which: i32 = -1): void {
  if (tracing) trace.push(which < 0 ? what : what + " " + which.toString());
}

/** Begins with the first path. */
export function beginWalk(what: i32): void {
  allowed = what;
  known = 0;
  problem = "";
  tracing = false;
}

/** Begins with a path. */
export function beginPath(): void {
  cursor = 0;
  ending = false;
}

/** From here on, nothing is chosen any more. */
export function endChoices(): void {
  ending = true;
}

/** Whether nothing was wrong so far. */
export function isRight(): bool {
  return problem.length == 0;
}

/** What was wrong; the same path is played again, and told. */
export function beginStory(): string {
  const found = problem;
  problem = "";
  tracing = true;
  trace = [];
  return found;
}

export function story(): string {
  return trace.join(", ");
}
