import { isDigit } from "../bytes/ascii";
import { TextMeter } from "../estimate/text-meter";
import { JsonReader } from "../json/reader";
import { Strings, Token } from "../json/tokens";
import { AnswerId } from "./answer-id";
import { countClamped, MAX_DIGITS, NO_COUNT, parseCount } from "./count";
import { EncodedText } from "./encoded-text";
import { Share, Where } from "./formats";
import { GeneratedText } from "./generated-text";
import { OpenReports } from "./open-reports";
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
import { Progress } from "./progress";
import { Op } from "./report";
import { Combine, Tally } from "./tally";
import { TextNames } from "./text-names";
import { Unread } from "./unread";

/** The most containers that may be open on a path; every path in the tables is shorter. */
const MAX_PATH: i32 = 16;
/** The longest number that may be the id of a token, in digits, and how many of them cost about one token as text. */
const TOKEN_DIGITS: i32 = 6;
const ONE_TOKEN: i32 = 3;
/** `rawFrom` while raw text continues into the next bytes. */
const NEXT: usize = 1;
/** Set in a frame, beside the edge that led to it, if the container is an array. */
const IN_ARRAY: u32 = 1 << 16;

/**
 * Follows one JSON text along the paths in the tables. Counts go to the open reports. Generated text goes to a meter, in case
 * the usage is missing. Everything else is skipped without being read.
 *
 * Memory: about 900 bytes, unmanaged; `dispose` frees them.
 */
@final
@unmanaged
export class Document {
  /** In which part of a response the next texts stand. */
  where: Where = Where.Anywhere;

  private reader: JsonReader = new JsonReader(MAX_DIGITS);
  /** The edges that led to the open containers, outermost first. */
  private frames: usize = heap.alloc(MAX_PATH << 2);
  private depth: i32 = 0;
  /** The edge to the member whose name was read last. */
  private edge: Edge = NOWHERE;
  /** The reports of usage that have begun. */
  private reports: OpenReports;
  /** Whether the current text has held anything besides generated text. */
  private hasOther: bool = false;
  /** The names of its generated texts. */
  private textNames: TextNames = new TextNames();

  /**
   * The address, in the latest bytes, of a container that counts as text including its brackets; `NEXT` if it began earlier; 0 if
   * there is none.
   */
  private rawFrom: usize = 0;
  private rawShare: Share = Share.Piece;
  private generated: GeneratedText;
  /** Reads JSON texts that are encoded in base64 in strings; null if there are none. */
  private encoded: EncodedText<Document> | null = null;

  /**
   * @param meter gets the text that the model generated
   * @param unread gets everything that is not JSON
   * @param id gets the id of the response, if it is wanted
   * @param encoded reads JSON texts that are encoded in base64 in strings of this one; null if there are none
   */
  constructor(
    private tally: Tally,
    meter: TextMeter,
    private unread: Unread,
    private id: AnswerId,
    encoded: Document | null = null,
  ) {
    this.generated = new GeneratedText(tally, meter);
    this.reports = new OpenReports(tally);
    if (encoded !== null) this.encoded = new EncodedText<Document>(encoded);
  }

  dispose(): void {
    const encoded = this.encoded;
    if (encoded !== null) encoded.dispose();
    this.generated.dispose();
    this.reader.dispose();
    heap.free(this.frames);
    this.textNames.dispose();
    this.reports.dispose();
    heap.free(changetype<usize>(this));
  }

  /** Starts a new response. */
  beginResponse(): void {
    this.generated.beginResponse();
    this.rawFrom = 0;
    const encoded = this.encoded;
    if (encoded !== null) encoded.beginResponse();
  }

  /** Starts a new text. */
  // @ts-ignore: decorator
  @inline
  begin(): void {
    this.tally.beginText();
    this.rawFrom = 0;
    this.generated.begin();
    this.hasOther = false;
    this.textNames.begin();
    this.reader.begin();
    // A text may be a string.
    this.reader.strings = Strings.Raw;
    this.depth = 0;
    this.reports.begin();
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

  /** Passes on the bytes from `from` to `to`, which cannot be read. */
  // @ts-ignore: decorator
  @inline
  pass(from: usize, to: usize): void {
    if (to > from) this.unread.take(from, <i32>(to - from));
  }

  /** After `Progress.Complete` or `Progress.Malformed`, the address of the first byte that was not read. */
  get position(): usize {
    return this.reader.position;
  }

  /** Whether the current text has held nothing but generated text. */
  get hasTextOnly(): bool {
    return !this.hasOther;
  }

  /** Whether the name of a generated text ends at `end`, in the bytes fed last. */
  isTextName(end: usize): bool {
    return this.textNames.has(end);
  }

  /** Measures `len` bytes of generated text at `ptr`, from a JSON text that fits a template. */
  passText(ptr: usize, len: i32): void {
    this.generated.takeFitting(ptr, len);
  }

  /** A piece of a string has been read: generated text, an id, or a text in base64. */
  private part(): void {
    const text = this.reader.text;
    const edge = this.next();
    if (isText(edge)) return this.take(shareOf(edge), text.ptr, text.length);
    if (isId(this.edge)) return this.id.take(text.ptr, text.length);
    const encoded = this.encoded;
    if (encoded !== null) encoded.feed(text.ptr, text.length);
  }

  private take(share: Share, ptr: usize, size: i32): void {
    if (this.generated.take(share, ptr, size)) this.hasOther = true;
  }

  /** A container begins that counts as text including its brackets: it is skipped, and measured at the same time. */
  private openRaw(): void {
    this.hasOther = true;
    this.rawFrom = this.reader.position - 1;
    this.reader.skip();
  }

  /** Measures the part of such a container that has been skipped, which may end before `end`. */
  private raw(end: usize): void {
    const stop = this.reader.skippedTo;
    const from = this.rawFrom;
    this.rawFrom = stop != 0 ? 0 : NEXT;
    const to = stop != 0 ? stop : end;
    if (to > from) this.take(this.rawShare, from, <i32>(to - from));
  }

  /** Follows the name of a member that has been read. */
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
      this.hasOther = true;
      strings = Strings.Stream;
    } else if (isCount(edge)) {
      strings = Strings.Keep;
    } else if (isText(edge)) {
      if (!this.textNames.add(this.reader.position)) this.hasOther = true;
      if (shareOf(edge) == Share.Thought && shareOf(this.frame()) != Share.Thought) {
        if (this.generated.beginThought()) this.hasOther = true;
      }
      strings = Strings.Raw;
    } else if (isEncoded(edge)) {
      const encoded = this.encoded;
      if (encoded !== null) {
        this.hasOther = true;
        encoded.begin();
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
    if (shareOf(edge) != Share.Thought) this.generated.leaveThoughts();
    if (isArray) this.expectElements(edge);
    store<u32>(this.frames + (this.depth++ << 2), isArray ? edge | IN_ARRAY : edge);
    this.reader.wanted = namesOf(nodeOf(edge));
    if (isArray || combineOf(edge) == Combine.None) return;
    if (nodeOf(edge) == nodeOf(ROOT)) this.reports.openRoot();
    else this.reports.open(this.depth);
  }

  /** Prepares for the elements of the array that `edge` led to: strings among them may be text. */
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
    this.reports.close(depth, nodeOf(frame) == nodeOf(ROOT), combineOf(frame));
  }

  private scalar(token: Token): void {
    const edge = this.next();
    if (isText(edge)) this.endText(token, edge);
    else if (isId(edge) && token == Token.String) this.id.end();
    if (isText(edge) && token == Token.Number) this.tokenId(edge);
    if (!isCount(edge)) return;
    if (opOf(edge) == Op.Count) {
      this.put(edge, 1);
      return;
    }
    if (token != Token.Number && token != Token.String) return;
    const text = this.reader.text;
    const value = parseCount(text.ptr, text.truncated ? MAX_DIGITS + 1 : text.length);
    // A string is not a valid count, but if it holds a number, that is charged.
    if (countClamped || token == Token.String) {
      this.hasOther = true;
      this.tally.clamp();
    }
    if (value != NO_COUNT) this.put(edge, value);
  }

  /** Takes a whole number in a list for the id of a generated token: llama.cpp and vLLM can be asked for nothing else. */
  private tokenId(edge: Edge): void {
    if (this.depth == 0 || !(this.frame() & IN_ARRAY)) return;
    const text = this.reader.text;
    if (text.length > TOKEN_DIGITS) return;
    for (let i = 0; i < text.length; ++i) {
      if (!isDigit(load<u8>(text.ptr + i))) return;
    }
    this.hasOther = true;
    this.take(shareOf(edge), text.ptr, min(text.length, ONE_TOKEN));
  }

  private endText(token: Token, edge: Edge): void {
    const inArray = this.depth > 0 && (this.frame() & IN_ARRAY) != 0;
    if (inArray) this.reader.strings = Strings.Raw;
    const share = shareOf(edge);
    // Whether other shares count may depend on the rest of the response. And a template finds strings by name, but those in an
    // array or at the root have none.
    const isPart = this.depth > 0 && !inArray && (share == Share.Piece || share == Share.Thought);
    if (token == Token.String && !isPart) this.hasOther = true;
  }

  private put(edge: Edge, value: i64): void {
    this.hasOther = true;
    this.reports.put(slotOf(edge), opOf(edge), value);
  }
}
