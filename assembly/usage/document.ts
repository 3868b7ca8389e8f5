import { Base64Decoder, DECODED_PIECE } from "../bytes/base64";
import { JsonReader } from "../json/reader";
import { Strings, Token } from "../json/tokens";
import { AnswerId } from "./answer-id";
import { countClamped, MAX_DIGITS, NO_COUNT, parseCount } from "./count";
import { Share, Where } from "./formats";
import {
  combineOf,
  Edge,
  element,
  isCount,
  isEncoded,
  isId,
  isNode,
  isText,
  member,
  namesOf,
  nodeOf,
  NOWHERE,
  opOf,
  ROOT,
  shareOf,
  slotOf,
} from "./paths";
import { Op, Report } from "./report";
import { Combine, Tally } from "./tally";
import { FILE_START } from "../estimate/encoded-file";
import { Origin, TextMeter } from "../estimate/text-meter";
import { Unread } from "./unread";

/** How far a text has been read. */
export const enum Progress {
  /** It goes on. */
  Open,
  /** Its value has ended; what follows has not been read. */
  Complete,
  /** It is not JSON. What was found before that counts. */
  Malformed,
}

/** How many containers may be open on a path; the tables have none as deep. */
const MAX_PATH: i32 = 16;
/** How many names of texts are remembered; a text with more of them does not only tell text. */
const MAX_TEXTS: i32 = 8;
/** `rawFrom` when the text goes on with the bytes that are fed next. */
const NEXT: usize = 1;
/** In a frame, beside the edge that leads to it: the container is an array. */
const IN_ARRAY: u32 = 1 << 16;

/**
 * Follows one JSON text along the paths of the tables and gathers the counts. Whatever is not on a path is passed over
 * unread. A report counts once its object has been closed, so one that was cut does not.
 *
 * The text that the model generated passes here too, to a meter, since the usage may be missing. What a response says more
 * than once counts once: see `Share`.
 *
 * Memory: about 900 bytes.
 */
@final
@unmanaged
export class Document {
  /** Where the texts to come are found. */
  where: Where = Where.Anywhere;

  private reader: JsonReader = new JsonReader(MAX_DIGITS);
  /** The edges that led to the open containers, outermost first. */
  private frames: usize = heap.alloc(MAX_PATH << 2);
  private depth: i32 = 0;
  /** Where the member leads whose name was read last. */
  private edge: Edge = NOWHERE;
  /** Counts at the root, and those of the report that is open at `reportDepth`, if one is. */
  private rootReport: Report = new Report();
  private report: Report = new Report();
  private reportDepth: i32 = 0;
  /** Whether the current text has told anything but generated text. */
  private told: bool = false;
  /** The addresses behind the names of its generated texts, as many as there are. */
  private textNames: usize = heap.alloc(MAX_TEXTS << 2);
  private textCount: i32 = 0;

  /** Where in the bytes fed last a container begins that is text as it stands; `NEXT` if before them; else 0. */
  private rawFrom: usize = 0;
  private rawShare: Share = Share.Piece;
  /** Bytes of generated text: in the whole response, and whether there were pieces; */
  private generatedBytes: i64 = 0;
  private hasPieces: bool = false;
  /** in the current JSON text, as far as it is said again; */
  private wholeBytes: i64 = 0;
  /** and of reasoning: how many names it has in its object, how much counts there, and how much is under this name. */
  private thoughtNames: i32 = 0;
  private thoughtBytes: i64 = 0;
  private sameThoughtBytes: i64 = 0;

  /** What reads a text in base64, made for the first one, and how far that has been read. */
  private decoder: Base64Decoder | null = null;
  private encodedProgress: Progress = Progress.Open;

  /**
   * @param generated gets the text that the model generated
   * @param unread gets what is no JSON
   * @param id gets the id of the response, if it wants it
   * @param encoded reads the JSON texts that stand in base64 in strings of these texts; null if nothing does
   */
  constructor(
    private tally: Tally,
    private generated: TextMeter,
    private unread: Unread,
    private id: AnswerId,
    private encoded: Document | null = null,
  ) {}

  dispose(): void {
    const encoded = this.encoded;
    if (encoded !== null) encoded.dispose();
    const decoder = this.decoder;
    if (decoder !== null) decoder.dispose();
    this.reader.dispose();
    heap.free(this.frames);
    heap.free(this.textNames);
    this.rootReport.dispose();
    this.report.dispose();
    heap.free(changetype<usize>(this));
  }

  /** Starts a new response. */
  beginResponse(): void {
    this.generatedBytes = 0;
    this.hasPieces = false;
    this.rawFrom = 0;
    const encoded = this.encoded;
    if (encoded !== null) encoded.beginResponse();
  }

  /** Starts a new text. */
  begin(): void {
    this.tally.beginText();
    this.rawFrom = 0;
    this.wholeBytes = 0;
    this.thoughtNames = 0;
    this.told = false;
    this.textCount = 0;
    this.reader.begin();
    // A text may be a string.
    this.reader.strings = Strings.Raw;
    this.depth = 0;
    this.reportDepth = 0;
    this.edge = ROOT;
  }

  /** Reads the next bytes of the text, up to the end of its value. */
  feed(ptr: usize, len: i32): Progress {
    const reader = this.reader;
    reader.feed(ptr, len);
    if (this.rawFrom != 0) this.rawFrom = ptr;
    while (true) {
      const token = reader.next();
      if (this.rawFrom != 0) this.raw(ptr + len);
      switch (token) {
        case Token.Key:
          this.name();
          continue;
        case Token.ObjectStart:
          this.open(false);
          continue;
        case Token.ArrayStart:
          this.open(true);
          continue;
        case Token.Part:
          this.part();
          continue;
        case Token.ObjectEnd:
        case Token.ArrayEnd:
          this.close();
          break;
        case Token.Malformed:
          return Progress.Malformed;
        case Token.More:
        case Token.End:
          return Progress.Open;
        default:
          this.scalar(token);
      }
      if (reader.complete) return Progress.Complete;
    }
  }

  /** Takes the bytes from `from` to `to`, which cannot be read. */
  pass(from: usize, to: usize): void {
    if (to > from) this.unread.take(from, <i32>(to - from));
  }

  /** After `Progress.Complete` and `Progress.Malformed`: the address of the first byte that was not read. */
  get position(): usize {
    return this.reader.position;
  }

  /** Whether generated text was all that the current text has told. */
  get toldTextOnly(): bool {
    return !this.told;
  }

  /** Whether `end`, in the bytes fed last, is behind the name of a generated text. */
  isTextName(end: usize): bool {
    for (let i = 0; i < this.textCount; ++i) {
      if (load<u32>(this.textNames + (i << 2)) == <u32>end) return true;
    }
    return false;
  }

  /** Takes the generated text of `len` bytes at `ptr` out of a JSON text that is not read, as if it were. */
  passText(ptr: usize, len: i32): void {
    this.piece(ptr, len);
  }

  /** A piece of a string has been read: text of the model, or another text in base64. */
  private part(): void {
    const text = this.reader.text;
    const edge = this.next();
    if (isText(edge)) return this.take(shareOf(edge), text.ptr, text.length);
    if (isId(this.edge)) return this.id.take(text.ptr, text.length);
    this.decode(text.ptr, text.length);
  }

  /** Reads on in a text in base64, of which these are the next characters; what is no JSON text is passed on as it is. */
  private decode(ptr: usize, len: i32): void {
    const encoded = this.encoded;
    const decoder = this.decoder;
    if (encoded === null || decoder === null) return;
    for (let at = 0; at < len && this.encodedProgress != Progress.Complete; at += DECODED_PIECE) {
      const end = decoder.ptr + decoder.decode(ptr + at, min(len - at, DECODED_PIECE));
      const isOpen = this.encodedProgress == Progress.Open;
      if (isOpen) this.encodedProgress = encoded.feed(decoder.ptr, <i32>(end - decoder.ptr));
      if (this.encodedProgress == Progress.Malformed)
        encoded.pass(isOpen ? encoded.position : decoder.ptr, end);
    }
  }

  private beginEncoded(encoded: Document): void {
    let decoder = this.decoder;
    if (decoder === null) decoder = new Base64Decoder();
    decoder.begin();
    this.decoder = decoder;
    this.encodedProgress = Progress.Open;
    encoded.begin();
  }

  /** Takes generated text of `size` bytes at `ptr`, as far as it has not been taken before. */
  private take(share: Share, ptr: usize, size: i32): void {
    if (share == Share.Piece) {
      this.hasPieces = true;
      return this.piece(ptr, size);
    }
    let known: i64 = 0;
    if (share == Share.Thought) {
      this.hasPieces = true;
      this.sameThoughtBytes += size;
      known = size - (this.sameThoughtBytes - this.thoughtBytes);
    } else if (share == Share.Whole || this.hasPieces) {
      this.told = true;
      this.wholeBytes += size;
      known = size - (this.wholeBytes - this.generatedBytes);
    } else {
      this.told = true;
    }
    const before = <i32>min(max(known, 0), size);
    if (share == Share.Thought) this.thoughtBytes += size - before;
    if (before > 0) this.told = true;
    if (before < size) this.piece(ptr + before, size - before);
  }

  /** The name of reasoning has been read. */
  private beginThought(): void {
    this.sameThoughtBytes = 0;
    if (this.thoughtNames++ == 0) this.thoughtBytes = 0;
    else this.told = true;
  }

  private piece(ptr: usize, size: i32): void {
    this.generatedBytes += size;
    this.tally.generated(size);
    // A file comes in long strings, and what a model writes of a stream in short ones, whatever that looks like.
    this.generated.origin = size < FILE_START ? Origin.Text : Origin.String;
    this.generated.feed(ptr, size);
  }

  /** A container begins that is text as it stands: it is passed over, and taken as it passes. */
  private openRaw(): void {
    this.told = true;
    this.rawFrom = this.reader.position - 1;
    this.reader.skip();
  }

  /** Takes what has passed of such a container, which may have ended before `end`. */
  private raw(end: usize): void {
    const stop = this.reader.skippedTo;
    const from = this.rawFrom;
    this.rawFrom = stop != 0 ? 0 : NEXT;
    const to = stop != 0 ? stop : end;
    if (to > from) this.take(this.rawShare, from, <i32>(to - from));
  }

  /** A member's name has been read: where does it lead? */
  private name(): void {
    const text = this.reader.text;
    const edge = text.truncated ? NOWHERE : member(nodeOf(this.frame()), text.ptr, text.length, this.where);
    this.edge = edge;
    if (edge == NOWHERE || (isId(edge) && !this.id.isWanted)) {
      this.edge = NOWHERE;
      this.reader.pass();
      return;
    }
    let strings = Strings.Drop;
    if (isId(edge)) {
      this.told = true;
      strings = Strings.Stream;
    } else if (isCount(edge)) {
      strings = Strings.Keep;
    } else if (isText(edge)) {
      if (this.textCount == MAX_TEXTS) this.told = true;
      else store<u32>(this.textNames + (this.textCount++ << 2), <u32>this.reader.position);
      if (shareOf(edge) == Share.Thought && shareOf(this.frame()) != Share.Thought) this.beginThought();
      strings = Strings.Raw;
    } else if (isEncoded(edge)) {
      const encoded = this.encoded;
      if (encoded !== null) {
        this.told = true;
        this.beginEncoded(encoded);
        strings = Strings.Stream;
      }
    }
    this.reader.strings = strings;
  }

  /** The edge that led to the innermost open container; there must be one. */
  // @ts-ignore: decorator
  @inline
  private frame(): u32 {
    return load<u32>(this.frames + ((this.depth - 1) << 2));
  }

  /** The edge to the value that has just begun. */
  // @ts-ignore: decorator
  @inline
  private next(): Edge {
    if (this.depth == 0) return this.edge;
    const frame = this.frame();
    return frame & IN_ARRAY ? element(nodeOf(frame)) : this.edge;
  }

  private open(isArray: bool): void {
    const edge = this.next();
    const nested = isArray && this.depth > 0 && (this.frame() & IN_ARRAY) != 0;
    if (!isNode(edge) || nested || this.depth == MAX_PATH) {
      if (isCount(edge) && opOf(edge) == Op.Count) this.put(edge, 1);
      if (isText(edge)) {
        this.rawShare = shareOf(edge);
        this.openRaw();
      } else {
        this.reader.skip();
      }
      return;
    }
    if (shareOf(edge) != Share.Thought) this.thoughtNames = 0;
    if (isArray) this.expectElements(edge);
    store<u32>(this.frames + (this.depth++ << 2), isArray ? edge | IN_ARRAY : edge);
    this.reader.wanted = namesOf(nodeOf(edge));
    if (isArray || combineOf(edge) == Combine.None) return;
    if (nodeOf(edge) == nodeOf(ROOT)) {
      this.rootReport.clear();
    } else {
      this.report.clear();
      this.reportDepth = this.depth;
    }
  }

  /** Elements of an array come next, to which `edge` led: are strings among them text? */
  private expectElements(edge: Edge): void {
    if (isText(element(nodeOf(edge)))) this.reader.strings = Strings.Raw;
  }

  private close(): void {
    const frame = this.frame();
    const depth = this.depth--;
    if (depth > 1) {
      const outer = this.frame();
      this.reader.wanted = namesOf(nodeOf(outer));
      if (outer & IN_ARRAY) this.expectElements(outer);
    }
    if (frame & IN_ARRAY) return;
    if (depth == this.reportDepth) {
      this.reportDepth = 0;
      this.tally.commit(this.report, combineOf(frame));
    } else if (nodeOf(frame) == nodeOf(ROOT)) {
      this.tally.commit(this.rootReport, Combine.Merge);
    }
  }

  private scalar(token: Token): void {
    const edge = this.next();
    if (isText(edge)) this.endText(token, edge);
    else if (isId(edge) && token == Token.String) this.id.end();
    if (!isCount(edge)) return;
    if (opOf(edge) == Op.Count) {
      this.put(edge, 1);
      return;
    }
    if (token != Token.Number && token != Token.String) return;
    const text = this.reader.text;
    const value = parseCount(text.ptr, text.truncated ? MAX_DIGITS + 1 : text.length);
    // A string is no count, but what it says is not free.
    if (countClamped || token == Token.String) {
      this.told = true;
      this.tally.clamp();
    }
    if (value != NO_COUNT) this.put(edge, value);
  }

  private endText(token: Token, edge: Edge): void {
    const inArray = this.depth > 0 && (this.frame() & IN_ARRAY) != 0;
    if (inArray) this.reader.strings = Strings.Raw;
    const share = shareOf(edge);
    // Whether it counts may depend on the rest of the response; and a string that has no name of its own, in an array or as
    // the whole text, is not found again by its name.
    const isPart = this.depth > 0 && !inArray && (share == Share.Piece || share == Share.Thought);
    if (token == Token.String && !isPart) this.told = true;
  }

  private put(edge: Edge, value: i64): void {
    this.told = true;
    const report = this.reportDepth > 0 ? this.report : this.rootReport;
    report.put(slotOf(edge), opOf(edge), value);
  }
}
