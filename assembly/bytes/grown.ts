/** A longer copy of an array of numbers, filled up with zeros. */
export function grown<T>(array: StaticArray<T>, length: i32): StaticArray<T> {
  const longer = new StaticArray<T>(length);
  memory.copy(changetype<usize>(longer), changetype<usize>(array), <usize>array.length * sizeof<T>());
  return longer;
}
