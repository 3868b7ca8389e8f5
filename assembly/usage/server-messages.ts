import { Messages } from "./messages";
import { ReaderPool } from "./reader-pool";
import { UsageScanner } from "./scanner";
import { Usage } from "./usage";

/**
 * What a server sends over a WebSocket: each message is an event in JSON, read as a response of its own. `feed` takes
 * bytes, and `next` is called as long as it finds a message that reports usage.
 *
 * Memory: a scanner while a message goes on.
 */
@final
export class ServerMessages extends Messages {
  /** What the message that `next` has found reports. */
  readonly usage: Usage = new Usage();
  /** Whether that is about a response of the model, and not about the transcript of what it was told. */
  isOfResponse: bool = false;

  /** Null where a message is audio or another file: as it is, or in base64 in an event. */
  private scanner: UsageScanner | null = null;

  constructor(private pool: ReaderPool) {
    super(false);
  }

  dispose(): void {
    this.returnScanner();
    heap.free(changetype<usize>(this.usage));
    super.dispose();
  }

  /** Takes the text of the message that goes on too: the connection has ended. */
  finish(): void {
    this.completeHead();
    this.takeText();
  }

  protected beginMessage(isText: bool): void {
    const head = this.head;
    if (isText) head.read();
    // Nothing but audio stands in such an event.
    if (isText && !head.endsWith("audio.delta")) this.scanner = this.pool.borrowScanner(0, 0);
    this.read(head.ptr, head.length);
  }

  protected read(ptr: usize, len: i32): void {
    const scanner = this.scanner;
    if (scanner !== null) scanner.feed(ptr, len);
    else this.media += len;
  }

  protected finishMessage(): bool {
    const scanner = this.scanner;
    let reports = false;
    if (scanner !== null) {
      scanner.finish();
      reports = scanner.usage.reported;
      this.usage.reset();
      this.usage.add(scanner.usage);
      this.usage.clamped = scanner.usage.clamped;
      this.isOfResponse = !this.head.startsWith("conversation.");
    }
    this.takeText();
    return reports;
  }

  /** Notes how much text the message holds that the model generated, and gives the scanner back. */
  private takeText(): void {
    const scanner = this.scanner;
    if (scanner !== null && !this.isEcho()) this.text += scanner.generatedTokens;
    this.returnScanner();
  }

  /** Whether the event repeats what the client has said, or what stood in earlier events. */
  private isEcho(): bool {
    const head = this.head;
    return (
      head.startsWith("conversation.") ||
      head.startsWith("session.") ||
      head.startsWith("input_") ||
      head.endsWith(".done") ||
      head.endsWith(".added")
    );
  }

  private returnScanner(): void {
    const scanner = this.scanner;
    if (scanner !== null) this.pool.returnScanner(scanner);
    this.scanner = null;
  }
}
