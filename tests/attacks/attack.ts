/** The trick in one sentence, the file below tests/ that plays it, and the title of the test there. */
export type Attack = readonly [trick: string, file: string, title: string];
