import { addressOf, Bytes, bytesOf } from "../../assembly/bytes/bytes";

const NAME: Bytes = bytesOf("naïve 🙂");
const LIST: Bytes[] = [bytesOf("one"), bytesOf("")];
let latest: Bytes = bytesOf("first");

export function collect(): void {
  __collect();
}

export function replace(): void {
  latest = bytesOf("second " + latest.byteLength.toString());
}

/** The address of a byte string: the name, one of the list, or the latest. */
export function address(i: i32): usize {
  return addressOf(chosen(i));
}

export function size(i: i32): i32 {
  return chosen(i).byteLength;
}

function chosen(i: i32): Bytes {
  if (i == 0) return NAME;
  return i < 3 ? LIST[i - 1] : latest;
}
