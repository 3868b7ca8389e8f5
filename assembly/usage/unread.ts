import { isAllSpace, isSpace, SPACE } from "../bytes/ascii";
import { FILE_START } from "../estimate/encoded-file";
import { Origin, TextMeter } from "../estimate/text-meter";

/** How many bytes of each piece are examined. */
const SAMPLE: i32 = 256;
/** Bytes per token of what is not text: compressed, in another charset or in an unknown format. Same as compressed responses. */
const BYTES_PER_TOKEN: i64 = 4;
/** Bytes per token of sound and pictures. At this rate, recordings come to 10 to 60 tokens a second. */
const MEDIA_BYTES_PER_TOKEN: i64 = 1024;

/**
 * The parts of a response that cannot be parsed. They are charged, because a model may have generated them. Text goes to the
 * meter of generated text. Other data counts by size, and so does everything after it.
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

  take(ptr: usize, len: i32): void {
    if (len <= 0) return;
    if (this.bytes > 0 || !isText(ptr, min(len, SAMPLE))) {
      this.bytes += len;
      return;
    }
    const generated = this.generated;
    // As in strings, a file arrives in long pieces.
    generated.origin = len < FILE_START ? Origin.Plain | Origin.Text : Origin.Plain;
    generated.feed(ptr, len);
    generated.origin = Origin.String;
    if (!isAllSpace(ptr, min(len, SAMPLE))) this.textBytes += len;
  }

  /** Takes `count` bytes, which have not been examined. */
  takeBytes(count: i64): void {
    this.bytes += count;
  }

  /** Takes `len` bytes at `ptr` of what is said to be sound or a picture. */
  takeMedia(ptr: usize, len: i32): void {
    if (isText(ptr, min(len, SAMPLE))) this.take(ptr, len);
    else this.mediaBytes += len;
  }

  /** Whether there was anything besides white space. */
  get any(): bool {
    return this.textBytes > 0 || this.bytes > 0 || this.mediaBytes > 0;
  }

  /** The estimate for everything that did not go to the meter. */
  get tokens(): i64 {
    return this.bytes / BYTES_PER_TOKEN + this.mediaBytes / MEDIA_BYTES_PER_TOKEN;
  }
}

/** Whether bytes may be UTF-8 text that was cut anywhere: no control characters, and no bytes that UTF-8 does not use. */
function isText(ptr: usize, len: i32): bool {
  /** How many bytes of the current character are still to come. */
  let open = 0;
  for (let i = 0; i < len; ++i) {
    const c = load<u8>(ptr + i);
    if (c < 0x80) {
      if (open > 0 || (c < SPACE && !isSpace(c)) || c == 0x7f) return false;
    } else if (c < 0xc0) {
      // The piece may begin inside a character.
      if (open > 0) --open;
      else if (i > 2) return false;
    } else {
      if (open > 0 || c < 0xc2 || c > 0xf4) return false;
      open = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    }
  }
  return true;
}
