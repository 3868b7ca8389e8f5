import { inLowerCase } from "../bytes/ascii";
import { addressOf, Bytes, bytesOf, copyOf, equals } from "../bytes/bytes";
import { dropBlanks, skipBlanks } from "../bytes/blanks";
import { ByteTable } from "../bytes/table";
import { CidrTable } from "../net/cidr-table";

/** What it means when a header comes in several lines. */
export const enum Lines {
  /** All must have the same value; different values are ambiguous. */
  Same,
  /** The last line counts: proxies append theirs. */
  Last,
  /** They are parts of one list. */
  All,
  /** The last line counts exactly as it stands, unless it is blank: a filter in front has added it. */
  Added,
  /** All must have the same key, whatever scheme is in front of it. */
  Key,
}

const NONE: i32 = -1;
const AUTHORIZATION = bytesOf("authorization");
const PROXY_AUTHORIZATION = bytesOf("proxy-authorization");
const COOKIE: Bytes = bytesOf("cookie");
/**
 * Where clients send their keys: Anthropic, Azure, Gemini, LiteLLM, Azure's API Management; the first is everybody's. An upstream
 * prefers its own place, so whoever wants to be somebody else may put anything into the others.
 */
const KEY_HEADERS: Bytes[] = [
  AUTHORIZATION,
  bytesOf("x-api-key"),
  bytesOf("api-key"),
  bytesOf("x-goog-api-key"),
  bytesOf("x-litellm-api-key"),
  bytesOf("ocp-apim-subscription-key"),
];
/** Gemini; everybody (RFC 6750, section 2.3); Azure's API Management. */
const KEY_PARAMS: Bytes[] = [bytesOf("key"), bytesOf("access_token"), bytesOf("subscription-key")];
/** Where requests without a body name their model: OpenAI's Realtime API, and Azure's. */
const MODEL_PARAMS: Bytes[] = [bytesOf("model"), bytesOf("deployment")];

/** What says something about the body of a request: its length, its encoding, and whether it is signed. */
export const BODY_HEADERS: Bytes[] = [
  bytesOf("content-length"),
  bytesOf("content-encoding"),
  bytesOf("x-amz-content-sha256"),
  AUTHORIZATION,
];

/** The questions that every configuration has: about the method, the path, and another protocol that is asked for. */
export const METHOD: i32 = 0;
export const PATH: i32 = 1;
export const UPGRADE: i32 = 2;
const ALWAYS: Bytes[] = [bytesOf(":method"), bytesOf(":path"), bytesOf("upgrade")];

/** A header that rules ask for. */
@final
class HeaderQuestion {
  /** The next question about the same header, which reads its lines in another way, or -1. */
  next: i32 = NONE;
  /** Whether its value is credentials: a scheme, and what belongs to it (RFC 9110, 11.4). */
  readonly isCredentials: bool;

  constructor(
    /** In lower case. */
    readonly name: Bytes,
    readonly lines: Lines,
  ) {
    this.isCredentials = equals(name, AUTHORIZATION) || equals(name, PROXY_AUTHORIZATION);
  }
}

/** Where a client's address is read from. */
@final
class AddressSource {
  /**
   * @param header the number of the header that lists addresses, the client's first; -1 for the remote address
   * @param trusted proxies whose entries in the list are trusted. The client is the last address that is not one of theirs,
   * because the client may have made up everything before it. Null trusts the whole list
   */
  constructor(
    readonly header: i32,
    readonly trusted: CidrTable | null,
  ) {}
}

/**
 * All questions that the rule items of a configuration ask about a request. Each different question has a number, from 0 for
 * each kind, under which `HttpFacts` keeps its answer. So an answer is worked out once, however many items ask, and a request
 * is compared with all questions at once. Complete when the configuration has been read; only `foundFirst` changes later.
 */
@final
export class Questions {
  readonly headers: HeaderQuestion[] = [];
  readonly addresses: AddressSource[] = [];
  /** The questions for the headers that callers' keys are in; empty if no rule looks at them. */
  readonly keyHeaders: i32[] = [];
  /** The same for parameters. */
  readonly keyParams: i32[] = [];
  /** The questions for the parameters that name a model; empty if no rule looks at models. */
  readonly modelParams: i32[] = [];
  /** The questions for `BODY_HEADERS`, in that order; empty if no body is held. */
  readonly bodyHeaders: i32[] = [];
  /** The question for the header that a filter in front sets to the model, or -1. */
  modelHeader: i32 = NONE;
  paramCount: i32 = 0;
  cookieCount: i32 = 0;
  /** The length of the longest name of a parameter, in bytes. */
  longestParam: i32 = 0;
  /** The question for the header that has the cookies, or -1. */
  cookieHeader: i32 = NONE;
  /** Whether the last request had the first header that was asked for: a guess at what the next one has. */
  foundFirst: bool = false;

  /** From the name of a header, in lower case, to the number of the first question about it. */
  private readonly headerNumbers: ByteTable = new ByteTable();
  /** The lengths of these names, as bits, modulo 64. */
  private headerLengths: u64 = 0;
  private readonly paramNumbers: ByteTable = new ByteTable();
  private readonly cookieNumbers: ByteTable = new ByteTable();
  /** From a description of an address to its number. */
  private readonly addressNumbers: ByteTable = new ByteTable();

  constructor() {
    for (let i = 0; i < ALWAYS.length; ++i) this.header(ALWAYS[i], Lines.Last);
  }

  /** The number of a question about a header. Equal questions have one number; case does not matter. */
  header(name: Bytes, lines: Lines): i32 {
    const lower = headerName(name);
    // The lines of `cookie` always form one list.
    const reading = equals(lower, COOKIE) ? Lines.All : lines;
    let last = NONE;
    let known = this.findHeader(addressOf(lower), lower.byteLength);
    while (known >= 0) {
      if (this.headers[known].lines == reading) return known;
      last = known;
      known = this.headers[known].next;
    }
    this.headerLengths |= (<u64>1) << ((<u64>lower.byteLength) & 63);
    const number = this.headers.length;
    this.headers.push(new HeaderQuestion(lower, reading));
    if (last >= 0) this.headers[last].next = number;
    else this.headerNumbers.add(lower, number);
    return number;
  }

  /** The number of a question about a URL parameter, by its exact name. */
  param(name: Bytes): i32 {
    this.longestParam = max(this.longestParam, name.byteLength);
    if (this.paramNumbers.add(name, this.paramCount)) return this.paramCount++;
    return this.findParam(addressOf(name), name.byteLength);
  }

  /** The number of a question about a cookie, by its exact name. */
  cookie(name: Bytes): i32 {
    if (this.cookieHeader < 0) this.cookieHeader = this.header(COOKIE, Lines.All);
    if (this.cookieNumbers.add(name, this.cookieCount)) return this.cookieCount++;
    return this.findCookie(addressOf(name), name.byteLength);
  }

  /** Asks for the caller's key. */
  apiKey(): void {
    if (this.keyParams.length > 0) return;
    for (let i = 0; i < KEY_HEADERS.length; ++i) this.keyHeaders.push(this.header(KEY_HEADERS[i], Lines.Key));
    for (let i = 0; i < KEY_PARAMS.length; ++i) this.keyParams.push(this.param(KEY_PARAMS[i]));
  }

  /** Asks for the model. @param header the header that a filter in front sets to it; empty if there is none */
  model(header: Bytes): void {
    if (this.modelParams.length > 0) return;
    for (let i = 0; i < MODEL_PARAMS.length; ++i) this.modelParams.push(this.param(MODEL_PARAMS[i]));
    if (header.byteLength > 0) this.modelHeader = this.header(header, Lines.Last);
  }

  /** Asks what the headers say about the body. */
  body(): void {
    if (this.bodyHeaders.length > 0) return;
    for (let i = 0; i < BODY_HEADERS.length; ++i)
      this.bodyHeaders.push(this.header(BODY_HEADERS[i], Lines.Last));
  }

  /** Whether a rule looks at models. */
  get asksModel(): bool {
    return this.modelParams.length > 0;
  }

  /**
   * The number of a question about the client's address.
   * @param header the header that lists it, or null for the remote address
   * @param trusted see `AddressSource`
   * @param description identifies the source: equal descriptions are one question
   */
  address(header: Bytes | null, trusted: CidrTable | null, description: Bytes): i32 {
    const number = this.addresses.length;
    if (!this.addressNumbers.add(description, number)) {
      return this.addressNumbers.find(addressOf(description), description.byteLength);
    }
    const list = header !== null ? this.header(header, Lines.All) : NONE;
    this.addresses.push(new AddressSource(list, trusted));
    return number;
  }

  /** Whether there may be a question about a header whose name has `len` bytes. */
  mayAskHeader(len: i32): bool {
    return ((this.headerLengths >> ((<u64>len) & 63)) & 1) != 0;
  }

  /** The first question about the header whose name, in lower case, is the `len` bytes at `ptr`, or -1. */
  findHeader(ptr: usize, len: i32): i32 {
    return this.headerNumbers.find(ptr, len);
  }

  findParam(ptr: usize, len: i32): i32 {
    return this.paramNumbers.find(ptr, len);
  }

  findCookie(ptr: usize, len: i32): i32 {
    return this.cookieNumbers.find(ptr, len);
  }
}

/** A name as it stands in a request: in lower case, without blanks around it. */
function headerName(name: Bytes): Bytes {
  const start = addressOf(name);
  const from = skipBlanks(start, start + name.byteLength);
  const end = dropBlanks(from, start + name.byteLength);
  return inLowerCase(copyOf(from, <i32>(end - from)));
}
