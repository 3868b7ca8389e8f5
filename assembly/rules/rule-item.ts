import { Bytes } from "../bytes/bytes";
import { addressText } from "../net/address-text";
import { AddressKeys } from "./address-keys";
import { Facts } from "./facts";
import { LimitBy } from "./limit-by";
import { Match, Subject } from "./match";
import { ValueKeys } from "./value-keys";

/** One of `rule_items`: what it looks at, and which limit it finds for it. */
export abstract class RuleItem {
  constructor(readonly subject: Subject) {}

  /** The limit and the value it is kept for, or null if the item does not apply to this request. */
  abstract match(facts: Facts): Match | null;

  /** The request has nothing to look at. */
  protected lacks(facts: Facts): Match | null {
    facts.lacks(this.subject.position, this.subject.isRequired);
    return null;
  }
}

/** An item of any kind but `limit_by_per_ip`. */
@final
export class ValueRuleItem extends RuleItem {
  constructor(
    subject: Subject,
    /** The number of what it asks. */
    private readonly question: i32,
    private readonly keys: ValueKeys,
  ) {
    super(subject);
  }

  match(facts: Facts): Match | null {
    const value = this.valueIn(facts);
    // An empty value is one for `*`, as published, but no identity.
    if (value === null || (this.subject.isRequired && value.byteLength == 0)) return this.lacks(facts);
    const key = this.keys.find(value);
    return key < 0 ? null : new Match(this.subject, this.keys.limitOf(key), key, value);
  }

  private valueIn(facts: Facts): Bytes | null {
    switch (this.subject.by) {
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
    subject: Subject,
    /** The number of the address that it asks for. */
    private readonly question: i32,
    /** How many bits of an IPv6 address tell clients apart. */
    private readonly ipv6Prefix: i32,
    private readonly keys: AddressKeys,
  ) {
    super(subject);
  }

  match(facts: Facts): Match | null {
    const address = facts.address(this.question);
    if (address === null) return this.lacks(facts);
    const key = this.keys.find(address);
    if (key < 0) return null;
    return new Match(this.subject, this.keys.limitOf(key), key, addressText(address, this.ipv6Prefix));
  }
}
