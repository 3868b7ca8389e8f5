import { equalsIgnoreCase } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";
import { AnswerId } from "../usage/answer-id";
import { isCompressed } from "../usage/coding";
import { ReaderPool } from "../usage/reader-pool";
import { UsageScanner } from "../usage/scanner";
import { Usage } from "../usage/usage";

const PARTIAL_CONTENT: i32 = 206;

/** Bytes per token of a stream that is compressed, of a range of an answer, and of what has no text, for want of anything better. */
const BYTES_PER_TOKEN: i64 = 4;
/** The same of a compressed answer in one piece, which has no envelopes that compress well. */
const COMPRESSED_BYTES_PER_TOKEN: i64 = 2;

/** Bytes per token of plain text, when parts of it look like what is not generated: more than any language has. */
const TEXT_BYTES_PER_TOKEN: i64 = 6;
const TEXT = bytesOf("text/");
/** How far the estimate of an answer may exceed twice the reported output, in tokens: short answers have notes and the like too. */
const DOUBT_MARGIN: i64 = 64;
const EVENT_STREAM = bytesOf("text/event-stream");

// The usage of an answer that has not been read.
const NOTHING = new Usage();

/**
 * The response of one call, while it passes. A borrowed scanner reads it; if it is compressed, only its size is measured. After
 * `finish`, it says what was reported and generated. It calls no host, and is reused for one call after the other.
 */
@final
export class Answer {
  /** Whether its headers have arrived. */
  hasBegun: bool = false;
  /** Whether it has a status of 2xx. */
  isSuccess: bool = false;
  /** Whether it is only a range of an answer (206), so the report may be in the rest. */
  isPart: bool = false;
  /** What reads the body; null if it cannot be read. */
  private scanner: UsageScanner | null = null;
  /** Its content type, for the reader that is made later. */
  private type: Bytes | null = null;
  /** Whether it is said to be text, which a model may have written as a whole, what looks like JSON in it too. */
  private isPlain: bool = false;
  private hasName: bool = false;
  /** Whether it is compressed, and only its size is known. */
  isCompressed: bool = false;
  private bytes: i64 = 0;

  constructor(private readonly readers: ReaderPool) {}

  /** Starts a new call. @param hasName whether the answer can be fetched again, or is being fetched: then its id is read */
  begin(hasName: bool): void {
    this.hasName = hasName;
    this.hasBegun = false;
    this.isSuccess = false;
    this.isPart = false;
    this.isPlain = false;
    this.type = null;
    this.isCompressed = false;
    this.bytes = 0;
  }

  /**
   * Takes in the headers. Only the first call counts; the headers of an interim response (1xx) do not.
   * @param status of the response; 0 if it is not known
   * @param encoding, type the values of `content-encoding` and `content-type`, or null
   */
  head(status: i32, encoding: Bytes | null, type: Bytes | null): void {
    const isInterim = status >= 100 && status < 200;
    if (this.hasBegun || isInterim) return;
    this.hasBegun = true;
    this.isSuccess = status >= 200 && status < 300;
    this.isPart = status == PARTIAL_CONTENT;
    this.isCompressed = encoding !== null && isCompressed(encoding);
    this.type = type;
    this.isPlain = type !== null && isPlain(type);
  }

  /** The header that `HEADERS[index]` names reports a count. */
  count(index: i32, value: Bytes): void {
    const scanner = this.reader();
    if (scanner !== null) scanner.header(index, value);
  }

  /** What reads the body, made when there is something to read: a response may keep its first byte for long. */
  private reader(): UsageScanner | null {
    if (this.scanner !== null || this.isCompressed || !this.hasBegun) return this.scanner;
    const type = this.type;
    const scanner =
      type !== null
        ? this.readers.borrowScanner(addressOf(type), type.byteLength)
        : this.readers.borrowScanner(0, 0);
    if (this.hasName) scanner.id.want();
    this.scanner = scanner;
    return scanner;
  }

  /** Reads the next `len` bytes of the body, at `ptr`. */
  piece(ptr: usize, len: i32): void {
    this.bytes += len;
    const scanner = len > 0 ? this.reader() : null;
    if (scanner !== null) scanner.feed(ptr, len);
  }

  /** Whether it reads the body. If not, report the size of the body with `skip`. */
  get readsBody(): bool {
    return this.hasBegun && !this.isCompressed;
  }

  /** The next `size` bytes of the body are not shown. */
  skip(size: u32): void {
    this.bytes += size;
  }

  /** No more will come: what the body and, failing that, the headers report is known. */
  finish(): void {
    const scanner = this.reader();
    if (scanner !== null) scanner.finish();
  }

  /** What it reports. */
  get usage(): Usage {
    const scanner = this.scanner;
    return scanner !== null ? scanner.usage : NOTHING;
  }

  /** The id that it gives itself, if it has one and that was asked for. */
  get id(): AnswerId | null {
    const scanner = this.scanner;
    return scanner !== null ? scanner.id : null;
  }

  /** Whether text was generated after the last report, which cannot tell of it. */
  get hasLateText(): bool {
    const scanner = this.scanner;
    return scanner !== null && scanner.hasLateText;
  }

  /** Whether it is a stream of events. */
  get hasEvents(): bool {
    const scanner = this.scanner;
    return scanner !== null && scanner.hasEvents;
  }

  /** Whether it can be read, and holds text of a model. */
  get hasText(): bool {
    const scanner = this.scanner;
    return scanner !== null && scanner.generated.any && !scanner.unread.any;
  }

  /** Whether something in it is neither JSON nor compressed, and can only be charged by its size. */
  get isUnreadable(): bool {
    const scanner = this.scanner;
    return scanner !== null && scanner.unread.any;
  }

  /**
   * Whether the model may have been asked to write the report: the body also has data that is neither JSON nor events, or it is
   * plain text and has more than twice as many tokens as it reports.
   */
  get isDoubtful(): bool {
    const scanner = this.scanner;
    if (scanner === null) return false;
    const most = 2 * scanner.usage.output + DOUBT_MARGIN;
    return scanner.unread.any || (this.isPlain && scanner.generatedTokens > most);
  }

  /** The estimate for what the model has generated. */
  get generatedTokens(): i64 {
    const scanner = this.scanner;
    if (scanner === null) {
      const type = this.type;
      const isOnePiece = this.isCompressed && (type === null || !beginsWith(type, EVENT_STREAM));
      return this.bytes / (isOnePiece ? COMPRESSED_BYTES_PER_TOKEN : BYTES_PER_TOKEN);
    }
    const tokens = scanner.generatedTokens;
    if (this.isPart) return max(tokens, this.bytes / BYTES_PER_TOKEN);
    return this.isPlain && !scanner.hasEvents && !scanner.usage.reported
      ? max(tokens, this.bytes / TEXT_BYTES_PER_TOKEN)
      : tokens;
  }

  /** Gives back what was borrowed. */
  giveBack(): void {
    const scanner = this.scanner;
    if (scanner !== null) this.readers.returnScanner(scanner);
    this.scanner = null;
  }
}

/** Whether a content type is that of a text, but not of a stream of events. */
function isPlain(type: Bytes): bool {
  return beginsWith(type, TEXT) && !beginsWith(type, EVENT_STREAM);
}

function beginsWith(text: Bytes, lower: Bytes): bool {
  return text.byteLength >= lower.byteLength && equalsIgnoreCase(addressOf(text), lower.byteLength, lower);
}
