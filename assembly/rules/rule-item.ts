import { Bytes } from "../bytes/bytes";
import { AddressKeys } from "./address-keys";
import { clientText } from "../net/address-text";
import { Facts } from "./facts";
import { LimitBy } from "./limit-by";
import { Match } from "./match";
import { ValueKeys } from "./value-keys";

/** One of `rule_items`: what it looks at, and which limit it finds for it. */
export abstract class RuleItem {
  constructor(
    readonly by: LimitBy,
    /**
     * The header, parameter or cookie as it is written in the configuration, `x-mse-consumer` for consumers, the whole
     * source for addresses; a part of the Redis keys.
     */
    readonly name: Bytes,
    /** Where it stands in `rule_items`. */
    readonly position: i32,
    /** Whether a request that has nothing to look at is refused (`on_missing`). */
    readonly isRequired: bool,
  ) {}

  /** The limit and the value it is kept for, or null if the item does not apply to this request. */
  abstract match(facts: Facts): Match | null;
}

/** An item of any kind but `limit_by_per_ip`. */
@final
export class ValueRuleItem extends RuleItem {
  constructor(
    by: LimitBy,
    name: Bytes,
    position: i32,
    isRequired: bool,
    /** The number of what it asks. */
    private readonly question: i32,
    private readonly keys: ValueKeys,
  ) {
    super(by, name, position, isRequired);
  }

  match(facts: Facts): Match | null {
    const value = this.valueIn(facts);
    // An empty value is one for `*`, as published, but no identity.
    if (value === null || (this.isRequired && value.byteLength == 0)) {
      facts.lacks(this.position, this.isRequired);
      return null;
    }
    const key = this.keys.find(value);
    return key < 0 ? null : new Match(this, this.keys.limitOf(key), key, value);
  }

  private valueIn(facts: Facts): Bytes | null {
    switch (this.by) {
      case LimitBy.Param:
      case LimitBy.PerParam:
        return facts.param(this.question);
      case LimitBy.Cookie:
      case LimitBy.PerCookie:
        return facts.cookie(this.question);
      default:
        return facts.header(this.question);
    }
  }
}

/** An item of the kind `limit_by_per_ip`. */
@final
export class AddressRuleItem extends RuleItem {
  constructor(
    name: Bytes,
    position: i32,
    isRequired: bool,
    /** The number of the address that it asks for. */
    private readonly question: i32,
    /** How many bits of an IPv6 address tell clients apart. */
    private readonly ipv6Prefix: i32,
    private readonly keys: AddressKeys,
  ) {
    super(LimitBy.PerIp, name, position, isRequired);
  }

  match(facts: Facts): Match | null {
    const address = facts.address(this.question);
    if (address === null) {
      facts.lacks(this.position, this.isRequired);
      return null;
    }
    const key = this.keys.find(address);
    return key < 0
      ? null
      : new Match(this, this.keys.limitOf(key), key, clientText(address, this.ipv6Prefix));
  }
}
