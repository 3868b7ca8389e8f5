/**
 * A growable array of numbers, which can be cleared and reused. It is scratch memory outside the garbage collector, created once
 * and never freed. `get` and `set` are unchecked: an index must be below `length`. That holds for every loop over a vector, and
 * for the numbers in one vector that index another.
 */
@unmanaged
@final
export class IntVector {
  length: i32 = 0;
  /** The address of the first number, valid until the vector grows. */
  ptr: usize = heap.alloc(64);
  private capacity: i32 = 16;

  get(i: i32): i32 {
    return load<i32>(this.ptr + ((<usize>i) << 2));
  }

  set(i: i32, value: i32): void {
    store<i32>(this.ptr + ((<usize>i) << 2), value);
  }

  push(value: i32): void {
    const i = this.length;
    this.resize(i + 1);
    this.set(i, value);
  }

  /** Changes the length. New numbers have undefined values. */
  resize(length: i32): void {
    if (length > this.capacity) {
      this.capacity = max(length, this.capacity * 2);
      this.ptr = heap.realloc(this.ptr, (<usize>this.capacity) << 2);
    }
    this.length = length;
  }

  /** Sets the content to `length` zeros. */
  zero(length: i32): void {
    this.resize(length);
    memory.fill(this.ptr, 0, (<usize>length) << 2);
  }

  /** Copies `count` numbers from index `from` to index `to`, all below `length`. */
  move(to: i32, from: i32, count: i32): void {
    memory.copy(this.ptr + ((<usize>to) << 2), this.ptr + ((<usize>from) << 2), (<usize>count) << 2);
  }

  /** A copy of the numbers. */
  toArray(): StaticArray<i32> {
    const copy = new StaticArray<i32>(this.length);
    memory.copy(changetype<usize>(copy), this.ptr, (<usize>this.length) << 2);
    return copy;
  }

  /** A copy of the numbers, which must fit in 16 bits. */
  toShorts(): StaticArray<u16> {
    const copy = new StaticArray<u16>(this.length);
    for (let i = 0; i < this.length; ++i) {
      store<u16>(changetype<usize>(copy) + ((<usize>i) << 1), <u16>this.get(i));
    }
    return copy;
  }
}
