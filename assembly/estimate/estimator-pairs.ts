import { Class, placeOf, ROW, STATES, TRANSITIONS } from "./estimator-costs";

/** The bytes of a row of `PAIRS`. */
const PAIR_ROW: i32 = 2 * ROW;

/**
 * `TRANSITIONS` for two ASCII characters at a time: rows are twice as long, and the place of a pair in them is eight times that of
 * the first character, plus that of the second.
 */
export const PAIRS: usize = memory.data(STATES * PAIR_ROW, 4);

function fillPairs(): void {
  const classes: i32 = Class.Script;
  for (let state = 0; state < STATES; ++state) {
    for (let first = 0; first < classes; ++first) {
      const one = TRANSITIONS + state * ROW + placeOf(first);
      const between = TRANSITIONS + load<u16>(one);
      for (let second = 0; second < classes; ++second) {
        const other = between + placeOf(second);
        const pair = PAIRS + state * PAIR_ROW + 8 * placeOf(first) + placeOf(second);
        store<u16>(pair, 2 * load<u16>(other));
        store<u16>(pair, load<u16>(one, 2) + load<u16>(other, 2), 2);
      }
    }
  }
}

fillPairs();
