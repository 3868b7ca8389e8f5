/** A longer array that begins with all that an array of numbers has; zeros follow. */
export function grown<T>(array: StaticArray<T>, length: i32): StaticArray<T> {
  const longer = new StaticArray<T>(length);
  memory.copy(changetype<usize>(longer), changetype<usize>(array), <usize>array.length * sizeof<T>());
  return longer;
}
