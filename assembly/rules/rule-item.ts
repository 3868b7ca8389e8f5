import { Bytes } from "../bytes/bytes";
import { addressText } from "../net/address-text";
import { AddressKeys } from "./address-keys";
import { Ambiguity, Facts } from "./facts";
import { isOfModel, LimitBy } from "./limit-by";
import { Match, Subject } from "./match";
import { ValueKeys } from "./value-keys";

/** One of `rule_items`: it looks at one part of a request, and finds the limit for it. Immutable, but for lazy patterns. */
export abstract class RuleItem {
  constructor(readonly subject: Subject) {}

  /**
   * The limit for this request, and whose counter it is.
   * @returns null if the item does not apply, or if what it looks at is missing (`facts.missing`) or ambiguous
   * (`facts.ambiguity`)
   */
  abstract match(facts: Facts): Match | null;

  /** Records that the request lacks what the item looks at. @returns null */
  // @ts-ignore: decorator
  @inline
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
    /** The number of its question about the request, see `Questions`. */
    private readonly question: i32,
    private readonly keys: ValueKeys,
  ) {
    super(subject);
  }

  match(facts: Facts): Match | null {
    const value = this.valueIn(facts);
    if (facts.ambiguity != Ambiguity.None) return null;
    // What the first key is for may be the model that is not known, so such a call is no cheaper.
    if (value === null && isOfModel(this.subject.by) && !this.subject.isRequired)
      return new Match(this.subject, this.keys.limitOf(0), 0, this.keys.first);
    // As published, `*` matches an empty value; but nobody is identified by one.
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
      case LimitBy.ApiKey:
      case LimitBy.PerApiKey:
        return facts.apiKey();
      case LimitBy.Model:
      case LimitBy.PerModel:
        return facts.model();
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
    /** The number of its question about an address, see `Questions`. */
    private readonly question: i32,
    /** How many leading bits of an IPv6 address identify a client, 1 to 128. */
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
