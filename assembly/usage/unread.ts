import { isAllSpace, isSpace, SPACE } from "../bytes/ascii";
import { FILE_START } from "../estimate/encoded-file";
import { Origin, TextMeter } from "../estimate/text-meter";

/** How much of what is found at once is looked at. */
const SAMPLE: i32 = 256;
/** Bytes per token of what is no text: compressed, in another charset, in a format of its own; as of compressed responses. */
const BYTES_PER_TOKEN: i64 = 4;
/** Bytes per token of sound and pictures; recordings make 10 to 60 tokens a second so. */
const MEDIA_BYTES_PER_TOKEN: i64 = 1024;

/**
 * What stands in a response where nothing can be read: it is charged, since a model may have made it. Text goes to the
 * meter of generated text. Of what is none the size counts, and so it does of all that follows.
 */
@final
@unmanaged
export class Unread {
  private textBytes: i64 = 0;
  private bytes: i64 = 0;
  private mediaBytes: i64 = 0;

  constructor(private generated: TextMeter) {}

  begin(): void {
    this.textBytes = 0;
    this.bytes = 0;
    this.mediaBytes = 0;
  }

  /** Takes `len` bytes at `ptr`. */
  take(ptr: usize, len: i32): void {
    if (len <= 0) return;
    if (this.bytes > 0 || !isText(ptr, min(len, SAMPLE))) {
      this.bytes += len;
      return;
    }
    const generated = this.generated;
    // As in strings, a file comes in long pieces.
    generated.origin = len < FILE_START ? Origin.Plain | Origin.Text : Origin.Plain;
    generated.feed(ptr, len);
    generated.origin = Origin.String;
    if (!isAllSpace(ptr, min(len, SAMPLE))) this.textBytes += len;
  }

  /** Takes so many bytes that were not looked at. */
  takeBytes(count: i64): void {
    this.bytes += count;
  }

  /** Takes `len` bytes of sound or a picture. */
  takeMedia(len: i32): void {
    this.mediaBytes += len;
  }

  /** Whether there was anything. */
  get any(): bool {
    return this.textBytes > 0 || this.bytes > 0 || this.mediaBytes > 0;
  }

  /** The estimate for what went nowhere else. */
  get tokens(): i64 {
    return this.bytes / BYTES_PER_TOKEN + this.mediaBytes / MEDIA_BYTES_PER_TOKEN;
  }
}

/** Whether bytes may be text in UTF-8, cut anywhere: no control characters, no bytes that stand in none. */
function isText(ptr: usize, len: i32): bool {
  /** How many bytes of a character are to come. */
  let open = 0;
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (c < 0x80) {
      if (open > 0 || (c < SPACE && !isSpace(c)) || c == 0x7f) return false;
    } else if (c < 0xc0) {
      // The beginning may be the end of a character.
      if (open > 0) --open;
      else if (i > 2) return false;
    } else {
      if (open > 0 || c < 0xc2 || c > 0xf4) return false;
      open = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    }
  }
  return true;
}
