import { Bytes } from "../bytes/bytes";
import { Limit } from "./limit";
import { RuleItem } from "./rule-item";

/** A rule item that applies to a request. */
@final
export class Match {
  constructor(
    readonly item: RuleItem,
    readonly limit: Limit,
    /** Which of the item's `limit_keys` it is, from 0. */
    readonly key: i32,
    /** What the item's counter is kept for: the value found in the request, or the canonical text of its address. */
    readonly value: Bytes,
  ) {}
}
