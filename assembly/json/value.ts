import { Bytes, copyOf, EMPTY, slice } from "../bytes/bytes";
import { JsonType, Part, Values } from "./values";

/** One value of a JSON text; it keeps all values alive. Made for configurations: numbers stay as in the source. */
@final
export class JsonValue {
  /** The result of `bytes`, so that it lives as long as this object. */
  private text: Bytes | null = null;
  private children: Children | null = null;

  constructor(
    private readonly values: Values,
    private readonly value: i32,
  ) {}

  get type(): JsonType {
    return <JsonType>this.values.get(this.value, Part.Type);
  }

  /** The text of a String, unescaped; the digits of a Number, as in the source; otherwise empty. */
  get bytes(): Bytes {
    const known = this.text;
    if (known !== null) return known;
    const type = this.type;
    const text =
      type == JsonType.String || type == JsonType.Number ? this.copy(this.value, Part.Text) : EMPTY;
    this.text = text;
    return text;
  }

  /** The source text of the value, including white space. */
  get raw(): Bytes {
    return slice(
      this.values.source,
      this.values.get(this.value, Part.Start),
      this.values.get(this.value, Part.End),
    );
  }

  /** The elements of an Array, or the values of an Object's members, in order. Do not change them. */
  get items(): JsonValue[] {
    return this.expand().items;
  }

  /** The names of an Object's members, in order, including duplicates. Do not change them. */
  get keys(): Bytes[] {
    return this.expand().keys;
  }

  /** The value of the first member with the name `name`, in ASCII; null if there is none or this is not an Object. */
  get(name: string): JsonValue | null {
    for (let member = this.first(); member >= 0; member = this.next(member)) {
      if (this.values.isNamed(member, name)) return new JsonValue(this.values, member);
    }
    return null;
  }

  /** The number of an Object's first member, for the functions below; -1 if there is none. They allocate nothing. */
  first(): i32 {
    return this.type == JsonType.Object ? this.within(this.value + 1) : -1;
  }

  /** The number of the next member, or -1. */
  next(member: i32): i32 {
    return this.within(this.values.after(member));
  }

  /** Whether the name of a member is `name`, in ASCII. */
  isNamed(member: i32, name: string): bool {
    return this.values.isNamed(member, name);
  }

  /** The name of a member. */
  nameOf(member: i32): Bytes {
    return this.copy(member, Part.Name);
  }

  /** `value` if it is inside this value; otherwise -1. */
  private within(value: i32): i32 {
    return value < this.values.after(this.value) ? value : -1;
  }

  private expand(): Children {
    let children = this.children;
    if (children !== null) return children;
    children = new Children();
    this.children = children;
    const isObject = this.type == JsonType.Object;
    if (!isObject && this.type != JsonType.Array) return children;
    for (let child = this.within(this.value + 1); child >= 0; child = this.next(child)) {
      children.items.push(new JsonValue(this.values, child));
      if (isObject) children.keys.push(this.nameOf(child));
    }
    return children;
  }

  private copy(value: i32, place: Part): Bytes {
    const length = this.values.get(value, <Part>(place + 1));
    return copyOf(this.values.addressAt(this.values.get(value, place)), length);
  }
}

/** The content of an Array or an Object. */
@final
class Children {
  readonly items: JsonValue[] = [];
  readonly keys: Bytes[] = [];
}
