import { AnswerId } from "./answer-id";
import { Messages } from "./messages";
import { ReaderPool } from "./reader-pool";
import { UsageScanner } from "./scanner";
import { Usage } from "./usage";

/** How much of an answer an event holds: a new piece, or a repetition of earlier pieces, up to the whole answer. */
const enum Extent {
  Delta,
  Text,
  Part,
  Item,
  Answer,
  EXTENTS,
}

/**
 * Reads what a server sends over a WebSocket. Each message is a JSON event and is read like a response of its own. Call
 * `feed` with bytes, then call `next` until it returns false; it stops at each message that reports usage.
 *
 * Servers send text in small pieces, then repeat it in larger ones; some send only the larger ones. The tokens of each
 * extent are added up, and the largest sum counts.
 *
 * Memory: a scanner while a message is being read.
 */
@final
export class ServerMessages extends Messages {
  /** The usage reported by the message at which `next` stopped. */
  readonly usage: Usage = new Usage();
  /** Whether that usage belongs to a response of the model, not to a transcript of the input. */
  isOfResponse: bool = false;
  /** The id under which that response can be fetched, if there is one. */
  readonly id: AnswerId = new AnswerId();

  /** Null if the message is audio or another file, in binary form or as base64 in an event. */
  private scanner: UsageScanner | null = null;
  /** The tokens of the current answer by extent, and the largest of these sums. */
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

  /** The connection has ended: counts the text of the unfinished message too. */
  finish(): void {
    this.completeHead();
    this.takeText();
  }

  protected beginMessage(isText: bool): void {
    const head = this.head;
    if (isText) head.read();
    // Such an event holds only audio.
    if (isText && !head.endsWith("audio.delta")) this.scanner = this.pool.borrowScanner(0, 0);
    const scanner = this.scanner;
    // Realtime responses, which end with `response.done`, cannot be fetched.
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

  /** Counts the generated text in the message, and returns the scanner to the pool. */
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

  /** Whether the event repeats input of the client, or announces content that later events hold. */
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
