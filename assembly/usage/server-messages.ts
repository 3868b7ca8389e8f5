import { AnswerId } from "./answer-id";
import { Messages } from "./messages";
import { ReaderPool } from "./reader-pool";
import { UsageScanner } from "./scanner";
import { Usage } from "./usage";

/** How much of an answer an event holds: a piece, or what was said in pieces before, in steps to the whole answer. */
const enum Extent {
  Delta,
  Text,
  Part,
  Item,
  Answer,
  EXTENTS,
}

/**
 * What a server sends over a WebSocket: each message is an event in JSON, read as a response of its own. `feed` takes
 * bytes, and `next` is called as long as it finds a message that reports usage.
 *
 * What is said in pieces is said again in greater pieces, or only in these: of what all of an extent hold, the most counts.
 *
 * Memory: a scanner while a message goes on.
 */
@final
export class ServerMessages extends Messages {
  /** What the message that `next` has found reports. */
  readonly usage: Usage = new Usage();
  /** Whether that is about a response of the model, and not about the transcript of what it was told. */
  isOfResponse: bool = false;
  /** The id under which the response that the message reports can be fetched, if it has one. */
  readonly id: AnswerId = new AnswerId();

  /** Null where a message is audio or another file: as it is, or in base64 in an event. */
  private scanner: UsageScanner | null = null;
  /** The tokens of the events of each extent in the current answer, and the most that any has. */
  private readonly said: StaticArray<i64> = new StaticArray<i64>(Extent.EXTENTS);
  private most: i64 = 0;

  constructor(private pool: ReaderPool) {
    super(false);
  }

  dispose(): void {
    this.returnScanner();
    heap.free(changetype<usize>(this.usage));
    this.id.dispose();
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
    const scanner = this.scanner;
    // Those of Realtime cannot be fetched.
    if (scanner !== null && this.extent() == Extent.Answer && !head.endsWith(".done")) scanner.id.want();
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
      this.id.copy(scanner.id);
      this.isOfResponse = !this.head.startsWith("conversation.");
    }
    if (reports && this.extent() == Extent.Answer) this.endAnswer();
    else this.takeText();
    this.returnScanner();
    return reports;
  }

  /** Notes how much text the message holds that the model generated, and gives the scanner back. */
  private takeText(): void {
    const scanner = this.scanner;
    if (scanner !== null && !this.isEcho()) this.say(scanner.generatedTokens);
    this.returnScanner();
  }

  private say(tokens: i64): void {
    const extent = this.extent();
    const said = this.said[extent] + tokens;
    this.said[extent] = said;
    if (said > this.most) {
      this.text += said - this.most;
      this.most = said;
    }
    if (extent == Extent.Answer) this.endAnswer();
  }

  /** What is said next is another answer. */
  private endAnswer(): void {
    this.most = 0;
    for (let i = 0; i < Extent.EXTENTS; ++i) this.said[i] = 0;
  }

  private extent(): Extent {
    const head = this.head;
    if (head.endsWith("response.done") || head.endsWith("response.completed")) return Extent.Answer;
    if (head.endsWith("response.incomplete") || head.endsWith("response.failed")) return Extent.Answer;
    if (!head.endsWith(".done")) return Extent.Delta;
    if (head.endsWith("item.done")) return Extent.Item;
    return head.endsWith("part.done") ? Extent.Part : Extent.Text;
  }

  /** Whether the event repeats what the client has said, or begins what others will say. */
  private isEcho(): bool {
    const head = this.head;
    return (
      head.startsWith("conversation.") ||
      head.startsWith("session.") ||
      head.startsWith("input_") ||
      head.endsWith(".added")
    );
  }

  private returnScanner(): void {
    const scanner = this.scanner;
    if (scanner !== null) this.pool.returnScanner(scanner);
    this.scanner = null;
  }
}
