import { Bytes } from "../bytes/bytes";
import { LimitBy } from "./limit-by";

/** What a rule item looks at. */
@final
export class Subject {
  constructor(
    readonly by: LimitBy,
    /**
     * The header, parameter or cookie as it is written in the configuration, `x-mse-consumer` for consumers, the whole
     * source for addresses; a part of the Redis keys.
     */
    readonly name: Bytes,
    /** Where the item stands in `rule_items`. */
    readonly position: i32,
    /** Whether a request that has nothing to look at is refused (`on_missing`). */
    readonly isRequired: bool,
  ) {}
}

/** A rule item that applies to a request. */
@final
export class Match {
  constructor(
    readonly subject: Subject,
    /** The number of its limit. */
    readonly limit: i32,
    /** Which of the item's `limit_keys` it is, from 0. */
    readonly key: i32,
    /** What the item's counter is kept for: the value found in the request, or the canonical text of its address. */
    readonly value: Bytes,
  ) {}
}
