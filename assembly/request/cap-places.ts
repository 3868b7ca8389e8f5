import { Name } from "./cap-names";

/** The most places that are kept. Honest requests have three or four. */
export const MAX_PLACES: i32 = 16;

/** What stands in a place, and what can be written there. */
export const enum PlaceKind {
  /** A whole number that is not negative. */
  Integer,
  /** Another value, in place of which a number is written. */
  Unclear,
  /** A null that means the same as no value. */
  Null,
  /** Nothing; a cap is written as a new member. */
  Member,
  /** A value that has to be an object, in place of which one with a cap is written. */
  Value,
  /** Nothing; an object with a cap is written as a new member. */
  Settings,
}

/** What the number in a place limits. */
export const enum Limits {
  /** The output, or without its reasoning, if that is limited separately. */
  Output,
  /** The reasoning, of which the output is no part. */
  SeparateThinking,
  /** The reasoning, which is a part of the output. */
  Thinking,
}

/** A stretch of a body where a cap stands or could stand. */
@final
@unmanaged
export class CapPlace {
  /** Where it begins in the body, in bytes, and how long it is. */
  offset: i32;
  length: i32;
  /** The number, if it is an integer. */
  value: i64;
  kind: PlaceKind;
  limits: Limits;
  /** The name of the member, and that of the object around it, `Name.Other` for the top level. */
  name: Name;
  scope: Name;
  /** Whether the API surely obeys it. */
  isObeyed: bool;
  /** Whether other members follow in the object, so that a comma is needed. */
  hasMembers: bool;
}

/** The places of a body, in order. Memory: 700 bytes; `dispose` frees it. */
@final
@unmanaged
export class CapPlaces {
  count: i32 = 0;
  /** Whether some could not be kept. */
  incomplete: bool = false;
  /** One more than can be kept, for those that cannot. */
  private first: usize = heap.alloc(<usize>(MAX_PLACES + 1) * offsetof<CapPlace>());

  dispose(): void {
    heap.free(this.first);
    heap.free(changetype<usize>(this));
  }

  clear(): void {
    this.count = 0;
    this.incomplete = false;
  }

  /** The place with an index below `count`. */
  at(index: i32): CapPlace {
    return changetype<CapPlace>(this.first + <usize>index * offsetof<CapPlace>());
  }

  /** A new place at `offset`, to be filled in. */
  add(offset: i64, kind: PlaceKind): CapPlace {
    let index = this.count;
    if (index == MAX_PLACES || offset > i32.MAX_VALUE) {
      this.incomplete = true;
      index = MAX_PLACES;
    } else {
      while (index > 0 && this.at(index - 1).offset > <i32>offset) --index;
      const from = changetype<usize>(this.at(index));
      memory.copy(from + offsetof<CapPlace>(), from, <usize>(this.count - index) * offsetof<CapPlace>());
      ++this.count;
    }
    const place = this.at(index);
    memory.fill(changetype<usize>(place), 0, offsetof<CapPlace>());
    place.offset = <i32>offset;
    place.kind = kind;
    return place;
  }
}
