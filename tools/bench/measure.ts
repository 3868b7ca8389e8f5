// Medians with their spread, of several subjects measured in turns, so that what slows the machine down for a while
// slows down all of them.

/** The median of a number of samples, and where the middle 80 % of them are. */
export interface Spread {
  median: number;
  p10: number;
  p90: number;
}

export interface Subject {
  /** Does the work `times` times. */
  run(times: number): void;
  /** Tidies up after a run; not measured. */
  settle?(): void;
}

export interface Effort {
  rounds: number;
  /** How long each subject runs before it is measured, in milliseconds, so that V8 has optimized it. */
  warmUp: number;
  /** How long each subject runs in a round, in milliseconds. */
  batch: number;
}

/** Nanoseconds per operation: for each subject, one number per round. */
export type Samples = number[][];

/**
 * The processor time that this process has used, in nanoseconds; V8's helper threads have little to do once all is
 * compiled. Unlike the clock on the wall it stands still while other processes run.
 */
function now(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

export function spreadOf(samples: number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) };
}

/** Of two subjects, how many times as long the first takes as the second, round by round. */
export function ratioOf(first: number[], second: number[]): Spread {
  return spreadOf(first.map((sample, round) => sample / second[round]!));
}

/** Runs subjects in turns, in each round beginning with another one. */
export function measure(subjects: Subject[], effort: Effort): Samples {
  const times = subjects.map((subject) => timesFor(subject, effort));
  const samples: Samples = subjects.map(() => []);
  for (let round = 0; round < effort.rounds; ++round) {
    for (let turn = 0; turn < subjects.length; ++turn) {
      const which = (turn + round) % subjects.length;
      samples[which]!.push(timed(subjects[which]!, times[which]!));
    }
  }
  return samples;
}

/** Warms a subject up, and tells how often it runs in a batch. */
function timesFor(subject: Subject, effort: Effort): number {
  let times = 1;
  const start = now();
  while (now() - start < effort.warmUp * 1e6) {
    const each = timed(subject, times);
    // What is too short for the clock must not be repeated forever.
    times = Math.min(Math.max(1, Math.round((effort.batch * 1e6) / each)), 4 * times);
  }
  return times;
}

function timed(subject: Subject, times: number): number {
  const start = now();
  subject.run(times);
  const each = (now() - start) / times;
  subject.settle?.();
  return each;
}
