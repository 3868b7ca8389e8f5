/** Longer ids are not kept; the ids of OpenAI have 53 characters, those of Gemini about 90. */
const MAX_LENGTH: i32 = 160;

/**
 * The id of a response; the first one, if it has several. It is kept only if it is wanted.
 *
 * Memory: 160 bytes once it has been wanted, unmanaged; `dispose` frees it.
 */
@final
@unmanaged
export class AnswerId {
  /** Whether the id is wanted and has not been found yet. */
  isWanted: bool = false;
  private bytes: usize = 0;
  private size: i32 = 0;
  private isComplete: bool = false;

  dispose(): void {
    if (this.bytes != 0) heap.free(this.bytes);
    heap.free(changetype<usize>(this));
  }

  /** Starts a new response. */
  begin(): void {
    this.isWanted = false;
    this.isComplete = false;
    this.size = 0;
  }

  /** Asks for the id of this response. */
  want(): void {
    if (this.bytes == 0) this.bytes = heap.alloc(MAX_LENGTH);
    this.isWanted = true;
  }

  /** Takes the next `len` bytes of the id at `ptr`. */
  take(ptr: usize, len: i32): void {
    if (!this.isWanted) return;
    const more = min(len, MAX_LENGTH - this.size);
    memory.copy(this.bytes + this.size, ptr, more);
    // An id that is too long never becomes complete.
    if (more < len) this.isWanted = false;
    this.size += more;
  }

  /** Copies `other`, if that is complete. */
  copy(other: AnswerId): void {
    this.begin();
    if (other.length == 0) return;
    this.want();
    this.take(other.ptr, other.length);
    this.end();
  }

  /** The id is complete. */
  end(): void {
    this.isComplete = this.isWanted && this.size > 0;
    this.isWanted = this.isWanted && this.size == 0;
  }

  /** The address of the id, valid until the next response begins. */
  get ptr(): usize {
    return this.bytes;
  }

  /** The length of the id in bytes; 0 if the response has no usable one. */
  get length(): i32 {
    return this.isComplete ? this.size : 0;
  }
}
