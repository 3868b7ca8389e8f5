import { Base64Decoder, DECODED_PIECE } from "../bytes/base64";
import { Progress } from "./progress";

/**
 * A base64-encoded JSON text in a string of another JSON text. It is decoded as it arrives and read by its own document.
 * `T` is `Document`, which uses this class and therefore cannot be imported here.
 *
 * Memory: 16 bytes and, from the first text on, about 220, besides the document; unmanaged, `dispose` frees all of it.
 */
@final
@unmanaged
export class EncodedText<T> {
  /** Created for the first text, because few responses have one. */
  private decoder: Base64Decoder | null = null;
  private progress: Progress = Progress.Open;

  constructor(private readonly document: T) {}

  dispose(): void {
    this.document.dispose();
    const decoder = this.decoder;
    if (decoder !== null) decoder.dispose();
    heap.free(changetype<usize>(this));
  }

  /** Starts a new response. */
  beginResponse(): void {
    this.document.beginResponse();
  }

  /** Starts a new text. */
  begin(): void {
    let decoder = this.decoder;
    if (decoder === null) decoder = new Base64Decoder();
    decoder.begin();
    this.decoder = decoder;
    this.progress = Progress.Open;
    this.document.begin();
  }

  /** Reads the next `len` characters at `ptr`. Decoded bytes that are not JSON are passed on as unreadable. */
  feed(ptr: usize, len: i32): void {
    const document = this.document;
    const decoder = this.decoder;
    if (decoder === null) return;
    for (let at = 0; at < len && this.progress != Progress.Complete; at += DECODED_PIECE) {
      const end = decoder.ptr + decoder.decode(ptr + at, min(len - at, DECODED_PIECE));
      const isOpen = this.progress == Progress.Open;
      if (isOpen) this.progress = document.feed(decoder.ptr, <i32>(end - decoder.ptr));
      if (this.progress == Progress.Malformed) document.pass(isOpen ? document.position : decoder.ptr, end);
    }
  }
}
