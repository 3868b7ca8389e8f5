import { Bytes, copyOf, EMPTY, slice } from "../bytes/bytes";
import { JsonType, Part, Values } from "./values";

/** One value of a JSON text, which keeps all of them: it is for configuration, and numbers stay as they were written. */
@final
export class JsonValue {
  /** What was asked for, so that it lives as long as this. */
  private text: Bytes | null = null;
  private children: Children | null = null;

  constructor(
    private readonly values: Values,
    private readonly value: i32,
  ) {}

  get type(): JsonType {
    return <JsonType>this.values.get(this.value, Part.Type);
  }

  /** A String's text, unescaped; a Number's digits as written; otherwise empty. */
  get bytes(): Bytes {
    const known = this.text;
    if (known !== null) return known;
    const type = this.type;
    const text =
      type == JsonType.String || type == JsonType.Number ? this.copy(this.value, Part.Text) : EMPTY;
    this.text = text;
    return text;
  }

  /** The value as it stands in the source, white space inside it included. */
  get raw(): Bytes {
    return slice(
      this.values.source,
      this.values.get(this.value, Part.Start),
      this.values.get(this.value, Part.End),
    );
  }

  /** An Array's elements, or the values of an Object's members, in order; never to be changed. */
  get items(): JsonValue[] {
    return this.expand().items;
  }

  /** The names of an Object's members, in order, duplicates included; never to be changed. */
  get keys(): Bytes[] {
    return this.expand().keys;
  }

  /** The value of the first member called `name`, which is ASCII; null if there is none or this is not an Object. */
  get(name: string): JsonValue | null {
    for (let member = this.first(); member >= 0; member = this.next(member)) {
      if (this.values.isNamed(member, name)) return new JsonValue(this.values, member);
    }
    return null;
  }

  /** The first member of an Object, as a number for the functions below; -1 if there is none. They allocate nothing. */
  first(): i32 {
    return this.type == JsonType.Object ? this.within(this.value + 1) : -1;
  }

  /** The member after another one, or -1. */
  next(member: i32): i32 {
    return this.within(this.values.after(member));
  }

  /** Whether a member is called `name`, which is ASCII. */
  isNamed(member: i32, name: string): bool {
    return this.values.isNamed(member, name);
  }

  /** The name of a member. */
  nameOf(member: i32): Bytes {
    return this.copy(member, Part.Name);
  }

  /** A value that may be in this one, or -1 if it is not. */
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

/** What an Array or an Object holds. */
@final
class Children {
  readonly items: JsonValue[] = [];
  readonly keys: Bytes[] = [];
}
