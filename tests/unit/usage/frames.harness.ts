import "../../../assembly/abi/abort";
import { FrameReader, Part } from "../../../assembly/usage/frames";

/**
 * What is read out of `bytes`, fed in pieces that end at `cuts`: a letter for the kind and its bytes, U and a number
 * for bytes that cannot be read, a bar where a message ends, dots where the bytes end within a frame.
 */
export function read(bytes: ArrayBuffer, cuts: i32[], isMasked: bool): string {
  const reader = new FrameReader(isMasked);
  let text = "";
  let kind = "";
  let unreadable = 0;
  let from = 0;
  for (let i = 0; i <= cuts.length; ++i) {
    const to = i < cuts.length ? cuts[i] : bytes.byteLength;
    const size = to - from;
    const piece = heap.alloc(size);
    memory.copy(piece, changetype<usize>(bytes) + from, size);
    reader.feed(piece, size);
    while (true) {
      const part = reader.next();
      if (part == Part.More) break;
      if (part == Part.Unreadable) {
        unreadable += reader.length;
        continue;
      }
      if (unreadable > 0) text += `U:${unreadable}`;
      unreadable = 0;
      if (part == Part.End) {
        text += "|";
        kind = "";
        continue;
      }
      const letter = part == Part.Text ? "T:" : "B:";
      if (letter != kind) text += letter;
      kind = letter;
      text += latin1(reader.ptr, reader.length);
    }
    memory.fill(piece, 0x22, size);
    heap.free(piece);
    from = to;
  }
  if (unreadable > 0) text += `U:${unreadable}`;
  text += reader.isBetween ? "" : "…";
  reader.dispose();
  return text;
}

/** How many bytes of `bytes`, fed in one piece after `before`, stand before the first frame; -1 if none begins. */
export function firstFrame(before: ArrayBuffer, bytes: ArrayBuffer): i32 {
  const reader = new FrameReader(false);
  reader.feed(changetype<usize>(before), before.byteLength);
  while (reader.next() != Part.More) {}
  reader.feed(changetype<usize>(bytes), bytes.byteLength);
  while (reader.next() != Part.More) {}
  const first = reader.firstFrame;
  reader.dispose();
  return first == 0 ? -1 : <i32>(first - changetype<usize>(bytes));
}

/** Each byte as a character, so that a cut character is none the worse. */
function latin1(ptr: usize, len: i32): string {
  const wide = new StaticArray<u16>(len);
  for (let i = 0; i < len; ++i) wide[i] = load<u8>(ptr + i);
  return String.UTF16.decodeUnsafe(changetype<usize>(wide), len << 1);
}
