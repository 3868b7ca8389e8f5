@unmanaged
class Raw {
  first: i32 = 0;
  second: i64 = 7;
  third: i64 = 0;
}

class Base {
  count: i32 = 0;
  name: string | null = null;
  size: i64 = 0;
  grown: i32 = 3;

  constructor(readonly given: i32) {
    this.grown = 0;
  }
}

class Derived extends Base {
  more: f64 = 0;
  flag: bool = true;
  values: i32[] = [];
  last: u8 = 0;

  constructor(given: i32) {
    super(given);
    this.size += 5;
    this.flag = false;
    this.flag = given > 0;
  }
}

class Implicit extends Base {
  extra: i32 = 0;
  text: string | null = null;
}

class Plain {
  value: i64 = 0;
  isSet: bool = false;
}

/** What was in new objects whose memory was full of other things before. */
export function play(): string {
  const room = heap.alloc(10_000);
  memory.fill(room, 0xab, 10_000);
  heap.free(room);
  const raw = new Raw();
  const base = new Base(1);
  const derived = new Derived(2);
  const implicit = new Implicit(3);
  const plain = new Plain();
  return [
    `${raw.first} ${raw.second} ${raw.third}`,
    `${base.count} ${base.name === null} ${base.size} ${base.grown} ${base.given}`,
    `${derived.count} ${derived.name === null} ${derived.size} ${derived.grown} ${derived.given}`,
    `${derived.more} ${derived.flag} ${derived.values.length} ${derived.last}`,
    `${implicit.count} ${implicit.size} ${implicit.given} ${implicit.extra} ${implicit.text === null}`,
    `${plain.value} ${plain.isSet}`,
  ].join("; ");
}
