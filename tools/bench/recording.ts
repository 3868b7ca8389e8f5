/** What a filter did while it was recorded. */
export interface Recording {
  commands: Buffer[];
  /** Bytes of the replies to them. */
  replied: number;
  /** Status codes that the filter answered with. */
  answers: number[];
  continued: number;
  metrics: Map<string, bigint>;
  /** The request's body as the filter has last rewritten it; null if it has not. */
  rewritten: Buffer | null;
}

export function emptyRecording(): Recording {
  return { commands: [], replied: 0, answers: [], continued: 0, metrics: new Map(), rewritten: null };
}
