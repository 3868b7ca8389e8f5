/** Longer ids are not kept; the ids of OpenAI have 53 characters, those of Gemini about 90. */
const MAX_LENGTH: i32 = 160;

/**
 * The id that a response gives itself, the first one if it gives several: kept only where somebody asks for it.
 *
 * Memory: 160 bytes once it has been asked for, unmanaged; `dispose` frees it.
 */
@final
@unmanaged
export class AnswerId {
  /** Whether it is asked for, and has not been found yet. */
  isWanted: bool = false;
  private bytes: usize = 0;
  private size: i32 = 0;
  private isComplete: bool = false;

  dispose(): void {
    if (this.bytes != 0) heap.free(this.bytes);
    heap.free(changetype<usize>(this));
  }

  /** Another response begins. */
  begin(): void {
    this.isWanted = false;
    this.isComplete = false;
    this.size = 0;
  }

  /** Asks for it. */
  want(): void {
    if (this.bytes == 0) this.bytes = heap.alloc(MAX_LENGTH);
    this.isWanted = true;
  }

  /** Takes its next `len` bytes at `ptr`. */
  take(ptr: usize, len: i32): void {
    if (!this.isWanted) return;
    const more = min(len, MAX_LENGTH - this.size);
    memory.copy(this.bytes + this.size, ptr, more);
    // One that is too long never ends.
    if (more < len) this.isWanted = false;
    this.size += more;
  }

  /** Becomes the id that `other` is, if that has come to its end. */
  copy(other: AnswerId): void {
    this.begin();
    if (other.length == 0) return;
    this.want();
    this.take(other.ptr, other.length);
    this.end();
  }

  /** It has come to its end. */
  end(): void {
    this.isComplete = this.isWanted && this.size > 0;
    this.isWanted = this.isWanted && this.size == 0;
  }

  /** Where it stands, until the next response begins. */
  get ptr(): usize {
    return this.bytes;
  }

  /** Its length, 0 if the response has none that is of use. */
  get length(): i32 {
    return this.isComplete ? this.size : 0;
  }
}
