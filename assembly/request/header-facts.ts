import { COMMA, SEMICOLON, toLower } from "../bytes/ascii";
import { ByteBuilder } from "../bytes/builder";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { addressOf, Bytes, copyOf } from "../bytes/bytes";
import { Latest } from "../bytes/latest";
import { Ambiguity, Facts } from "../rules/facts";
import { Lines, METHOD, PATH, Questions } from "../rules/questions";
import { AMBIGUOUS, Answers, compareAnswer } from "./answers";
import { credentialsOf, keyOf } from "./credentials";

/** Whether a host has listed all header lines. */
export const enum HeaderList {
  /** All lines were listed. */
  Complete,
  /** There are further lines, or too many to be read. */
  Cut,
  /** The host cannot list them. */
  Unavailable,
}

/** Receives the header lines of a request. */
export interface HeaderReader {
  /** A line, in memory that is valid until `endOfLines` has returned. The name may be changed in place. */
  line(name: usize, nameSize: i32, value: usize, valueSize: i32): void;
  endOfLines(): void;
}

/** The source of facts about an HTTP request. `null` means absent. */
export interface HttpSource {
  /** The value of the first request header with this name, in any letter case. */
  header(name: Bytes): Bytes | null;
  /** Passes all header lines to `reader` in order. */
  headers(reader: HeaderReader): HeaderList;
  /** The value of a property of the stream; the segments of its path are joined by NUL. */
  property(path: Bytes): Bytes | null;
}

/** After this many absent headers, all lines are read at once. */
const FEW_MISSES = 2;
const NO_QUESTIONS = new Questions();
/** The size of an entry of `additions`: question, address and size of a line. */
const ADDITION: i32 = 12;
/** A longer buffer is not kept for the next request. */
const KEPT: i32 = 4096;

/** Whether the header lines of a request have been read. */
const enum Reading {
  NotYet,
  /** All have: a header without an answer is absent. */
  Complete,
  Cut,
  Unavailable,
}

/**
 * The half of `HttpFacts` that reads headers. A single header is looked up by name, which is cheapest if it is absent. If it is
 * present, or further headers are needed, all lines are read and answer all questions for headers.
 */
export abstract class HeaderFacts extends Facts implements HeaderReader {
  protected questions: Questions = NO_QUESTIONS;
  private readonly headers: Answers<Bytes> = new Answers<Bytes>();
  private reading: Reading = Reading.NotYet;
  private misses: i32 = 0;
  /** Further lines of headers that have several. */
  private readonly additions: ByteBuilder = new ByteBuilder(120);
  private readonly joined: ByteBuilder = new ByteBuilder(256, i32.MAX_VALUE);
  private readonly methods: Latest = new Latest();
  private readonly paths: Latest = new Latest();

  constructor(protected readonly source: HttpSource) {
    super();
  }

  /** Starts a new request, about which `questions` may be asked. */
  // @ts-ignore: decorator
  @inline
  begin(questions: Questions): void {
    this.questions = questions;
    this.ambiguity = Ambiguity.None;
    this.missing = this.required = -1;
    this.headers.begin(questions.headers.length);
    this.reading = Reading.NotYet;
    this.misses = 0;
  }

  /** Ends the request: forgets the questions and the answers. */
  end(): void {
    this.questions = NO_QUESTIONS;
    this.headers.end();
  }

  line(name: usize, nameSize: i32, value: usize, valueSize: i32): void {
    if (!this.questions.mayAskHeader(nameSize)) return;
    for (let i = 0; i < nameSize; ++i) store<u8>(name + i, toLower(load<u8>(name + i)));
    let question = this.questions.findHeader(name, nameSize);
    while (question >= 0) {
      this.addLine(question, value, valueSize);
      question = this.questions.headers[question].next;
    }
  }

  endOfLines(): void {
    const count = this.additions.length / ADDITION;
    for (let i = 0; i < count; ++i) this.joinFrom(i, count);
    this.additions.clear();
  }

  // @ts-ignore: decorator
  @inline
  protected answerOf(value: Bytes | null, kind: Ambiguity): Bytes | null {
    if (value !== AMBIGUOUS) return value;
    this.ambiguity = this.reading == Reading.Cut ? Ambiguity.TooManyHeaders : kind;
    return null;
  }

  /** The value of a header, null or `AMBIGUOUS`. */
  protected readHeader(question: i32): Bytes | null {
    const answers = this.headers;
    if (answers.has(question)) return answers.get(question);
    const questions = this.questions;
    if (this.reading == Reading.NotYet) {
      if (isUnique(question)) return this.keepFirst(question);
      if (this.misses < FEW_MISSES && !questions.foundFirst) {
        if (this.source.header(questions.headers[question].name) === null) {
          ++this.misses;
          answers.keep(question, null);
          return null;
        }
      }
      this.readLines();
      if (this.misses == 0) questions.foundFirst = answers.has(question);
      if (answers.has(question)) return answers.get(question);
    }
    if (this.reading == Reading.Complete) answers.keep(question, null);
    else if (this.reading == Reading.Unavailable || isUnique(question)) this.keepFirst(question);
    else {
      const isThere = this.source.header(questions.headers[question].name) !== null;
      answers.keep(question, isThere ? AMBIGUOUS : null);
    }
    return answers.get(question);
  }

  /** Answers with the first line, as if it were the only one. */
  private keepFirst(question: i32): Bytes | null {
    const value = this.source.header(this.questions.headers[question].name);
    if (value === null) this.headers.keep(question, null);
    else this.addLine(question, addressOf(value), value.byteLength);
    return this.headers.get(question);
  }

  /** Answers all questions for headers that are present. */
  private readLines(): void {
    const list = this.source.headers(this);
    if (list == HeaderList.Complete) {
      this.reading = Reading.Complete;
      return;
    }
    this.headers.end();
    this.additions.clear();
    this.reading = list == HeaderList.Cut ? Reading.Cut : Reading.Unavailable;
  }

  private addLine(question: i32, ptr: usize, len: i32): void {
    const answers = this.headers;
    const asked = this.questions.headers[question];
    if (answers.get(question) === AMBIGUOUS) return;
    if (asked.lines == Lines.All && answers.has(question)) {
      const at = this.additions.append(ADDITION);
      if (at == 0) return;
      store<u32>(at, question);
      store<u32>(at, <u32>ptr, 4);
      store<u32>(at, len, 8);
      return;
    }
    const isKey = asked.lines == Lines.Key;
    let value = isUnique(question)
      ? (question == METHOD ? this.methods : this.paths).of(ptr, len)
      : headerText(ptr, len, asked.isCredentials && !isKey);
    if (isKey) value = keyOf(value, asked.isCredentials);
    if (asked.lines == Lines.Added && value.byteLength > 0) value = copyOf(ptr, len);
    if ((isKey || asked.lines == Lines.Same) && answers.has(question)) {
      compareAnswer(answers, question, addressOf(value), value.byteLength);
    } else {
      answers.keep(question, value);
    }
  }

  /** Joins all further lines of the header at `first` to its answer, unless that has been done. */
  private joinFrom(first: i32, count: i32): void {
    const additions = this.additions.ptr;
    const question = load<i32>(additions + first * ADDITION);
    if (question < 0) return;
    const joined = this.joined;
    const separator = question == this.questions.cookieHeader ? SEMICOLON : COMMA;
    joined.clear();
    const line = this.headers.get(question);
    if (line !== null) joined.bytes(line);
    for (let i = first; i < count; ++i) {
      const at = additions + i * ADDITION;
      if (load<i32>(at) != question) continue;
      joined.byte(separator).at(<usize>load<u32>(at, 4), load<i32>(at, 8));
      store<i32>(at, -1);
    }
    this.headers.keep(question, joined.toBytes());
    if (joined.length > KEPT) joined.reset(256);
  }
}

/** Whether a question is about the method or the path, which are there only once and have no blanks to remove. */
function isUnique(question: i32): bool {
  return question <= PATH;
}

/** The value of a header as rules compare it: without surrounding blanks, and credentials in canonical form. */
export function headerText(ptr: usize, len: i32, isCredentials: bool): Bytes {
  const from = skipBlanks(ptr, ptr + len);
  const text = copyOf(from, <i32>(dropBlanks(from, ptr + len) - from));
  return isCredentials ? credentialsOf(text) : text;
}
