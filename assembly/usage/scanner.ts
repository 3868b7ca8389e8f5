import { isSpace, LEFT_BRACE, LEFT_BRACKET, NUL, toLower } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, equalsAt } from "../bytes/bytes";
import { AnswerId } from "./answer-id";
import { countClamped, NO_COUNT, parseCount } from "./count";
import { Document } from "./document";
import { EventStreamFraming } from "./eventstream";
import { HEADERS, Where } from "./formats";
import { Op, Report } from "./report";
import { SseFraming } from "./sse";
import { Combine, Tally } from "./tally";
import { TextMeter } from "../estimate/text-meter";
import { RECORD_SEPARATOR, TextsFraming } from "./texts";
import { Unread } from "./unread";
import { Usage } from "./usage";

/** How a body delimits its JSON texts. */
const enum Framing {
  /** Not known before the first byte. */
  Unknown,
  Texts,
  Sse,
  EventStream,
  /** Not at all: the body is sound, video or a picture. */
  Media,
}

/** The content type that most responses have; others are searched for what follows. */
const PLAIN_JSON = bytesOf("application/json");
const EVENT_STREAM = bytesOf("vnd.amazon.eventstream");
/** Media types of event streams: their own, and JSON, which some gateways give them. */
const EVENTS: Bytes[] = [bytesOf("event-stream"), bytesOf("json")];
/** Media types of lines of JSON: ndjson, x-ndjson, jsonl, x-jsonl, json-lines, and Cohere's stream+json. */
const LINES: Bytes[] = [bytesOf("ndjson"), bytesOf("jsonl"), bytesOf("json-lines"), bytesOf("stream+json")];

const MEDIA: Bytes[] = [bytesOf("audio/"), bytesOf("image/"), bytesOf("video/")];

/**
 * Reads the usage from a response while it passes. Call `begin` with its headers, `feed` with each chunk, which may be cut
 * anywhere, and `finish` at its end, however it ended. `usage` holds what has been reported so far.
 *
 * The first byte decides the framing, because gateways get the content type wrong. The type matters only for AWS event
 * streams, lines of JSON, sound, video and pictures. What cannot be read goes to `unread`.
 *
 * One scanner serves many responses, one after another. Its memory is fixed, about 10 KB for any body; no chunk allocates,
 * and no bytes make it trap.
 */
@final
export class UsageScanner {
  readonly usage: Usage;
  /** The text that the model has generated so far, in case the usage is missing. */
  readonly generated: TextMeter;
  readonly unread: Unread;
  /** The id of the response, if it was asked for after `begin`. */
  readonly id: AnswerId;
  private tally: Tally;
  private document: Document;
  private texts: TextsFraming;
  private sse: SseFraming;
  private eventStream: EventStreamFraming;
  private headers: Report = new Report();
  private framing: Framing = Framing.Unknown;
  private lines: bool = false;
  private events: bool = false;
  private isTyped: bool = false;

  constructor() {
    const tally = new Tally();
    const generated = new TextMeter();
    const unread = new Unread(generated);
    const id = new AnswerId();
    const inner = new Document(tally, generated, unread, id);
    inner.where = Where.BedrockChunk;
    const document = new Document(tally, generated, unread, id, inner);
    this.generated = generated;
    this.unread = unread;
    this.id = id;
    this.usage = tally.usage;
    this.tally = tally;
    this.document = document;
    this.texts = new TextsFraming(document);
    this.sse = new SseFraming(document);
    this.eventStream = new EventStreamFraming(document);
  }

  /** Frees the memory. Do not use the scanner or its usage after that. */
  dispose(): void {
    this.document.dispose();
    this.generated.dispose();
    heap.free(changetype<usize>(this.unread));
    this.id.dispose();
    heap.free(changetype<usize>(this.texts));
    this.sse.dispose();
    heap.free(changetype<usize>(this.eventStream));
    this.headers.dispose();
    this.tally.dispose();
  }

  /** Starts a new response. @param type, length its content-type header; 0, 0 if there is none */
  begin(type: usize, length: i32): void {
    this.tally.begin();
    this.document.beginResponse();
    this.generated.begin();
    this.unread.begin();
    this.id.begin();
    this.headers.clear();
    this.framing = Framing.Unknown;
    this.lines = false;
    this.isTyped = length > 0;
    this.events = !this.isTyped;
    if (equalsAt(type, length, PLAIN_JSON)) {
      this.events = true;
      return;
    }
    for (let i = 0; i < EVENTS.length; ++i) {
      if (contains(type, length, EVENTS[i])) this.events = true;
    }
    if (contains(type, length, EVENT_STREAM)) this.use(Framing.EventStream);
    for (let i = 0; i < MEDIA.length; ++i) {
      if (contains(type, min(length, MEDIA[i].byteLength), MEDIA[i])) this.framing = Framing.Media;
    }
    for (let i = 0; i < LINES.length; ++i) {
      if (contains(type, length, LINES[i])) this.lines = true;
    }
  }

  /** Takes the value of the response header `HEADERS[index].name`. It counts if the body does not report usage. */
  header(index: i32, value: Bytes): void {
    if (<u32>index >= <u32>HEADERS.length) return;
    const count = parseCount(addressOf(value), value.byteLength);
    if (count == NO_COUNT) return;
    if (countClamped) this.tally.clamp();
    this.headers.put(HEADERS[index].slot, Op.Set, count);
  }

  /** Reads the next `len` bytes of the body at `ptr`, borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    let at = ptr;
    let left = len;
    if (this.framing == Framing.Unknown) {
      while (left > 0 && isLeading(load<u8>(at))) {
        ++at;
        --left;
      }
      if (left <= 0) return;
      this.use(framingOf(load<u8>(at)));
    }
    switch (this.framing) {
      case Framing.Texts:
        this.texts.feed(at, left);
        break;
      case Framing.Sse:
        this.sse.feed(at, left);
        break;
      case Framing.Media:
        this.unread.takeMedia(at, left);
        break;
      default:
        this.eventStream.feed(at, left);
    }
  }

  /** The estimate for everything that a model may have generated. */
  get generatedTokens(): i64 {
    return this.generated.tokens + this.unread.tokens;
  }

  /** Whether text was generated after the last report, which therefore cannot include it. */
  get hasLateText(): bool {
    return this.tally.lateBytes > 0;
  }

  /** Whether the body is a stream of server-sent events. */
  get hasEvents(): bool {
    return this.framing == Framing.Sse;
  }

  /** The response has ended. */
  finish(): void {
    // Without a content type and a report, lines other than `data` may be text.
    const mayBeText = this.hasEvents && !this.isTyped && !this.usage.reported;
    if (mayBeText) this.unread.takeBytes(this.sse.passedOver);
    if (!this.usage.reported) this.tally.commit(this.headers, Combine.Merge);
  }

  private use(framing: Framing): void {
    this.framing = framing;
    this.document.where = framing == Framing.EventStream ? Where.AwsEvent : Where.Anywhere;
    if (framing == Framing.Texts) this.texts.begin(this.lines);
    else if (framing == Framing.Sse) this.sse.begin(this.events);
    else this.eventStream.begin();
  }
}

/** Whether `c` may precede a body: white space, a record separator, or a byte of the UTF-8 byte order mark. */
function isLeading(c: u8): bool {
  if (c == RECORD_SEPARATOR) return true;
  return isSpace(c) || c == 0xef || c == 0xbb || c == 0xbf;
}

/** JSON texts begin with a bracket or brace. AWS messages below 16 MiB begin with a zero byte. */
function framingOf(first: u8): Framing {
  if (first == LEFT_BRACE || first == LEFT_BRACKET) return Framing.Texts;
  return first == NUL ? Framing.EventStream : Framing.Sse;
}

/** Whether `part`, in lower case, occurs in the `len` bytes at `ptr`, in any case of ASCII letters. */
function contains(ptr: usize, len: i32, part: Bytes): bool {
  const first = load<u8>(addressOf(part));
  for (let from = 0; from + part.byteLength <= len; ++from) {
    if (toLower(load<u8>(ptr + from)) != first) continue;
    let i = 1;
    while (i < part.byteLength && toLower(load<u8>(ptr + from + i)) == load<u8>(addressOf(part) + i)) ++i;
    if (i == part.byteLength) return true;
  }
  return false;
}
