import { Bytes } from "../bytes/bytes";
import { LimitBy } from "./limit-by";

/** What a rule item looks at. Immutable; it lives as long as its configuration. */
@final
export class Subject {
  constructor(
    readonly by: LimitBy,
    /**
     * The name of the header, parameter or cookie as the configuration spells it; `x-mse-consumer` for consumers; `api_key`
     * for callers' keys, `model` for models; the whole source (`from-remote-addr`, `from-header-…`) for addresses. It is a part of the Redis keys.
     */
    readonly name: Bytes,
    /** The item's index in `rule_items`, from 0. */
    readonly position: i32,
    /** Whether to refuse a request that lacks what the item looks at (`on_missing: reject`). */
    readonly isRequired: bool,
  ) {}
}

/** A rule item that applies to a request. It is made for the request, and garbage afterwards. */
@final
export class Match {
  constructor(
    readonly subject: Subject,
    /** The number of its limit in the configuration's `LimitTable`. */
    readonly limit: i32,
    /** Which of the item's `limit_keys` matched, from 0; -1 for `match`, which has none. */
    readonly key: i32,
    /** Whose counter it is: the value found in the request, or the canonical text of the address. Not to be changed. */
    readonly value: Bytes,
  ) {}
}
