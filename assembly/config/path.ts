import { decimalText } from "../bytes/decimal";
import { Bytes } from "../bytes/bytes";
import { textOf } from "../bytes/utf8";

/** Names longer than this are cut in messages, in characters. */
const MAX_NAME = 40;

/**
 * The path of a value in the configuration, such as `rule_items[2].limit_keys[0].key`. Only its parts are kept, so that paths
 * cost almost nothing unless a message names them.
 */
@final
export class Path {
  private constructor(
    private readonly parent: Path | null,
    private readonly name: string,
    private readonly index: i32,
  ) {}

  /** The whole configuration. */
  static root(): Path {
    return new Path(null, "", -1);
  }

  /** The member `name` of the object at this path. */
  field(name: string): Path {
    return new Path(this, name, -1);
  }

  /** The same for a name that comes from the configuration. */
  unknownField(name: Bytes): Path {
    const text = textOf(name);
    return new Path(this, text.length > MAX_NAME ? text.substring(0, MAX_NAME) + "…" : text, -1);
  }

  /** The element at `index`, from 0, of the list at this path. */
  item(index: i32): Path {
    return new Path(this, "", index);
  }

  toString(): string {
    const parent = this.parent;
    if (parent === null) return "configuration";
    if (this.index >= 0) return `${parent}[${decimalText(this.index)}]`;
    return parent.parent === null ? this.name : `${parent}.${this.name}`;
  }
}
