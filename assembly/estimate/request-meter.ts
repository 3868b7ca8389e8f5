import { BACKSLASH, LOWER_N, MINUS } from "../bytes/ascii";
import { JsonReader, MAX_DEPTH } from "../json/reader";
import { Strings, Token } from "../json/tokens";
import { FILE_START, isBase64At } from "./encoded-file";
import { Parts } from "./parts";
import { DATA_DEPTH, numberTokens, PICTURE_TOKENS, STRUCTURE_DEPTH, UrlFinder } from "./request-costs";
import { Member, memberOf } from "./request-names";
import { Origin, TextMeter } from "./text-meter";

/** Bytes of a name or number that was cut or holds escapes. */
const TEXT_LIMIT: i32 = 64;
/** The longest prefix that a file may have, such as that of a data URL, in bytes. */
const MAX_PREFIX: i32 = 64;

/** The longest body that is held, in bytes. */
const MAX_HELD: i32 = 8 << 10;
const LEAST_HELD: i32 = 512;

/** The depth of containers that are members of the request itself. */
const ROOT_MEMBER_DEPTH: i32 = 2;
/** For names that are too long to be read. */
const BYTES_PER_TOKEN: i64 = 2;

/** A line end, as JSON strings write it. */
const BOUNDARY: usize = memory.data<u8>([BACKSLASH, LOWER_N]);
const BOUNDARY_SIZE: i32 = 2;
/** The byte order mark of UTF-8, lowest byte first. */
const MARK: u32 = 0xbfbbef;
/** `data:`, its first four letters lowest first. */
const DATA: u32 = 0x61746164;

/**
 * Estimates the input of a call from the body of its request, while that passes: the text of all strings, names that no API
 * defines (such as those of a tool's parameters), and one token for each number in a list. Roles, types and the model's name are
 * in it, and about make up for what the provider puts around each message.
 *
 * Pictures, audio and files are sent as base64 and are not billed by length, so they count little. They are recognised piece by
 * piece, whatever surrounds them (`encoded-file.ts`).
 *
 * From the first byte that is not JSON, everything counts as text: comments, a second JSON text, UTF-16, forms, compressed
 * bodies. So does whatever is nested too deep. In a multipart body (RFC 2046, section 5.1), a part that is not text is a file.
 *
 * For a reservation, what may cost more than it looks counts as much (`reserves`).
 *
 * Few requests need an estimate. So a body is only held at first, and is read when an estimate is asked for, or when the body
 * turns out to be long. For a reservation, it is read at once.
 *
 * One meter serves one request after the other. Memory: at most 8.5 KB, whatever the body; `dispose` frees it.
 */
@final
export class RequestMeter {
  /** Whether it is for a reservation: pictures given by URL count, and a data URL where models read text is text. */
  reserves: bool = false;
  private reader: JsonReader = new JsonReader(TEXT_LIMIT);
  private text: TextMeter = new TextMeter();
  private files: TextMeter = new TextMeter();
  private parts: Parts = new Parts();
  private url: UrlFinder = new UrlFinder();
  private body: usize = 0;
  private room: i32 = 0;
  /** How many bytes are held; -1 once they have been read. */
  private held: i32 = 0;
  /** Whether the rest is not JSON. */
  private isRaw: bool = false;
  /** Whether it begins like a multipart body. */
  private isInParts: bool = false;
  /** Whether a container is being skipped because it is too deep. */
  private isDeep: bool = false;
  /** How many bytes of a byte order mark have been seen. */
  private marked: u32 = 0;
  /** Tokens of names and numbers. */
  private others: i64 = 0;
  /** What the current member is. */
  private member: Member = Member.Known;
  private inString: bool = false;
  private inFile: bool = false;
  /** Whether the current string begins like a data URL. */
  private isData: bool = false;
  /** The depth of the container in which all strings are text; 0 if there is none. */
  private payloadDepth: i32 = 0;
  /** One bit for each open container, the lowest for the innermost: 1 for a list. */
  private lists: u64 = 0;
  /** The reader's offset behind the last token. */
  private behind: i64 = 0;

  /** Frees the memory; the meter must not be used after that. */
  dispose(): void {
    this.reader.dispose();
    this.text.dispose();
    this.files.dispose();
    this.parts.dispose();
    this.giveBackBody();
  }

  /** Starts a new request. */
  begin(): void {
    this.reserves = false;
    this.reader.begin();
    this.reader.strings = Strings.Raw;
    this.text.begin();
    this.files.begin();
    this.held = 0;
    this.isRaw = false;
    this.isInParts = false;
    this.isDeep = false;
    this.marked = 0;
    this.others = 0;
    this.member = Member.Known;
    this.inString = false;
    this.inFile = false;
    this.payloadDepth = 0;
    this.lists = 0;
    this.behind = 0;
  }

  /** Measures the next `len` bytes of the body, at `ptr`, which are borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    if (len <= 0) return;
    if (!this.reserves && this.held >= 0 && len <= MAX_HELD - this.held) {
      this.makeRoom(this.held + len);
      memory.copy(this.body + this.held, ptr, len);
      this.held += len;
      return;
    }
    this.readHeld();
    this.read(ptr, len);
  }

  /** The estimate for everything fed so far, in tokens. */
  get tokens(): i64 {
    this.readHeld();
    return this.text.tokens + this.files.tokens + this.others;
  }

  private makeRoom(size: i32): void {
    if (size <= this.room) return;
    // Most bodies arrive in one piece, and few of the others in many.
    const room = max((size + LEAST_HELD - 1) & ~(LEAST_HELD - 1), min(this.room * 2, MAX_HELD));
    this.body = this.body == 0 ? heap.alloc(room) : heap.realloc(this.body, room);
    this.room = room;
  }

  private giveBackBody(): void {
    if (this.body != 0) heap.free(this.body);
    this.body = 0;
    this.room = 0;
  }

  private readHeld(): void {
    const held = this.held;
    this.held = -1;
    if (held > 0) this.read(this.body, held);
    if (held >= 0) this.giveBackBody();
  }

  private read(ptr: usize, len: i32): void {
    let at = ptr;
    const end = ptr + len;
    while (this.marked < 3 && at < end) {
      if (load<u8>(at) != <u8>(MARK >> (this.marked << 3))) {
        this.isInParts = this.marked == 0 && load<u8>(at) == MINUS;
        this.marked = 3;
        break;
      }
      ++this.marked;
      ++at;
    }
    if (this.isRaw) return this.takeRaw(at, end);
    if (this.isInParts) return this.readRaw(at, end);
    const reader = this.reader;
    reader.feed(at, <i32>(end - at));
    while (true) {
      // What is skipped because it is too deep counts as text, brackets and all.
      const from = reader.position;
      const token = reader.next();
      if (this.isDeep) {
        this.text.feed(from, <i32>(reader.position - from));
        this.isDeep = token == Token.More;
      }
      if (token <= Token.Malformed) {
        if (token == Token.Malformed) this.readRaw(reader.position, end);
        return;
      }
      this.take(token);
      this.behind = reader.offset;
    }
  }

  /** From here on, the body is not JSON. */
  private readRaw(at: usize, end: usize): void {
    this.isRaw = true;
    this.text.origin = Origin.Plain;
    this.parts.begin();
    this.takeRaw(at, end);
  }

  private takeRaw(at: usize, end: usize): void {
    if (this.isInParts) this.parts.feed(at, end, this.text);
    else this.text.feed(at, <i32>(end - at));
  }

  private take(token: Token): void {
    const reader = this.reader;
    switch (token) {
      case Token.Part:
        return this.part(reader.text.ptr, reader.text.length);
      case Token.String:
        return this.endString();
      case Token.Key:
        return this.name();
      case Token.Number:
        return this.number();
      case Token.ObjectStart:
      case Token.ArrayStart:
        this.lists = (this.lists << 1) | (token == Token.ArrayStart ? 1 : 0);
        if (reader.depth >= STRUCTURE_DEPTH) ++this.others;
        if (this.member == Member.Payload) this.beginPayload(token);
        if (reader.depth < MAX_DEPTH) return;
        this.isDeep = true;
        this.lists >>= 1;
        reader.skip();
        return;
      case Token.ObjectEnd:
      case Token.ArrayEnd:
        this.lists >>= 1;
        if (reader.depth < this.payloadDepth) this.payloadDepth = 0;
        // More strings may follow, if this was in a list.
        this.member = Member.Text;
        return;
      default:
        if (reader.depth >= DATA_DEPTH) ++this.others;
    }
  }

  /** The arguments or the result of a tool begin, unless this is the input of the request itself. */
  private beginPayload(token: Token): void {
    const isInput = this.reader.depth <= ROOT_MEMBER_DEPTH || token == Token.ArrayStart;
    if (this.payloadDepth == 0 && !isInput) this.payloadDepth = this.reader.depth;
    this.member = Member.Text;
  }

  private name(): void {
    const text = this.reader.text;
    const written = this.reader.offset - this.behind;
    this.member = text.truncated ? Member.Unknown : memberOf(text.ptr, text.length);
    if (this.member != Member.Unknown) {
      if (this.reader.depth >= STRUCTURE_DEPTH) ++this.others;
      return;
    }
    if (text.truncated) {
      this.others += written / BYTES_PER_TOKEN;
      return;
    }
    if (text.length == 0) return;
    this.text.feed(text.ptr, text.length);
    this.text.feed(BOUNDARY, BOUNDARY_SIZE);
  }

  private number(): void {
    const size = this.reader.offset - this.reader.valueStart;
    this.others += numberTokens(size, this.reader.depth, (this.lists & 1) != 0);
  }

  private part(ptr: usize, len: i32): void {
    if (!this.inString) {
      this.inString = true;
      this.isData = len > 4 && load<u32>(ptr) == DATA;
      this.url.begin(this.reserves && this.member == Member.File);
    }
    this.url.feed(ptr, len);
    const isText = this.isForModels && (this.reserves || !this.isData);
    if (this.inFile) return this.files.feed(ptr, len);
    this.text.origin = isText ? Origin.Text : Origin.String;
    if (len < FILE_START + MAX_PREFIX || isText || !isBase64At(ptr + MAX_PREFIX))
      return this.text.feed(ptr, len);
    // The prefix is measured as text.
    this.inFile = true;
    this.text.feed(ptr, MAX_PREFIX);
    this.files.origin = this.originOfFile();
    this.files.feed(ptr + MAX_PREFIX, len - MAX_PREFIX);
  }

  /** Whether the current string is where models read text. */
  private get isForModels(): bool {
    return this.member == Member.Text || this.member == Member.Payload || this.payloadDepth > 0;
  }

  private originOfFile(): i32 {
    if (this.isForModels) return Origin.File;
    return this.member == Member.File || this.isData ? Origin.File | Origin.Unread : Origin.String;
  }

  private endString(): void {
    if (!this.inFile) this.text.feed(BOUNDARY, BOUNDARY_SIZE);
    if (this.url.isUrl && !this.isForModels) this.others += PICTURE_TOKENS;
    this.url.begin(false);
    this.inString = false;
    this.inFile = false;
  }
}
