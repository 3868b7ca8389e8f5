import { addressOf, Bytes, bytesOf, EMPTY, equals } from "../bytes/bytes";
import { IpAddress } from "../net/address";
import { Ambiguity } from "../rules/facts";
import { METHOD, PATH, UPGRADE } from "../rules/questions";
import { AMBIGUOUS, Answers } from "./answers";
import { BodyHeaders } from "./body-headers";
import { clientAddress, untrustedAddress } from "./client-address";
import { readCookies } from "./cookie";
import { keyOf } from "./credentials";
import { HeaderFacts, HttpSource } from "./header-facts";
import { modelText } from "./model-name";
import { modelInPath } from "./path-model";
import { readQuery } from "./query";

/** The header in which the authentication filters of Higress store the name of the consumer. */
export const CONSUMER_HEADER: Bytes = bytesOf("x-mse-consumer");

const SOURCE_ADDRESS = bytesOf("source\0address");
/**
 * The facts of one HTTP request at a time. Everything is read when it is first needed, and only once: the lines of all headers
 * answer all questions for headers, and the path those for parameters. So the cost of a request grows with its size and with
 * the number of questions, but not with their product.
 */
@final
export class HttpFacts extends HeaderFacts {
  private readonly params: Answers<Bytes> = new Answers<Bytes>();
  private readonly cookies: Answers<Bytes> = new Answers<Bytes>();
  private readonly addresses: Answers<IpAddress> = new Answers<IpAddress>();
  private hasParams: bool = false;
  private hasCookies: bool = false;
  private hasAddresses: bool = false;
  /** Whether a body follows that may name the model. Set it after `begin`. */
  awaitsBody: bool = false;
  private hasModel: bool = false;
  private theModel: Bytes | null = null;

  constructor(source: HttpSource) {
    super(source);
  }

  // @ts-ignore: decorator
  @inline
  end(): void {
    super.end();
    if (this.hasParams) this.params.end();
    if (this.hasCookies) this.cookies.end();
    if (this.hasAddresses) this.addresses.end();
    this.hasParams = this.hasCookies = this.hasAddresses = this.hasModel = this.awaitsBody = false;
    this.theModel = null;
  }

  // @ts-ignore: decorator
  @inline
  header(question: i32): Bytes | null {
    return this.answerOf(this.readHeader(question), Ambiguity.Header);
  }

  method(): Bytes | null {
    return this.readHeader(METHOD);
  }

  /** The path, including the query. */
  path(): Bytes | null {
    return this.readHeader(PATH);
  }

  /**
   * Whether the request asks to change the protocol of its connection (RFC 9110, section 7.8). Envoy presents the extended
   * CONNECT of HTTP/2 and HTTP/3 in the same way.
   */
  get asksForUpgrade(): bool {
    const protocols = this.readHeader(UPGRADE);
    return protocols !== null && protocols.byteLength > 0;
  }

  /** Finds out what the headers say about the body. */
  readBody(headers: BodyHeaders): void {
    const questions = this.questions.bodyHeaders;
    if (questions.length == 0) return headers.read(this.source);
    const length = this.readHeader(questions[0]);
    const encoding = this.readHeader(questions[1]);
    headers.note(length, encoding, this.readHeader(questions[2]), this.readHeader(questions[3]));
  }

  param(question: i32): Bytes | null {
    if (!this.hasParams) {
      this.hasParams = true;
      this.params.begin(this.questions.paramCount);
      const path = this.readHeader(PATH);
      if (path !== null) readQuery(path, this.questions, this.params);
    }
    return this.answerOf(this.params.get(question), Ambiguity.Param);
  }

  cookie(question: i32): Bytes | null {
    if (!this.hasCookies) {
      this.hasCookies = true;
      this.cookies.begin(this.questions.cookieCount);
      const header = this.readHeader(this.questions.cookieHeader);
      if (header === AMBIGUOUS) this.answerOf(header, Ambiguity.Header);
      else if (header !== null) readCookies(header, this.questions, this.cookies);
    }
    const value = this.answerOf(this.cookies.get(question), Ambiguity.Cookie);
    return value === null || value.byteLength == 0 ? null : value;
  }

  apiKey(): Bytes | null {
    let key = EMPTY;
    const params = this.questions.keyParams;
    for (let i = 0; i < params.length; ++i) {
      const value = this.param(params[i]);
      if (value !== null) key = onlyKey(key, keyOf(value, false));
    }
    const headers = this.questions.keyHeaders;
    for (let i = 0; i < headers.length; ++i) {
      const value = this.header(headers[i]);
      if (value !== null) key = onlyKey(key, value);
    }
    if (this.ambiguity != Ambiguity.None) return null;
    return key === AMBIGUOUS || key.byteLength > 0 ? this.answerOf(key, Ambiguity.ApiKey) : null;
  }

  /** The model as far as it is known without the body; null if it is not. Then `awaitsBody` says whether the body may tell it. */
  get knownModel(): Bytes | null {
    if (!this.hasModel) {
      this.hasModel = true;
      this.theModel = this.findModel();
    }
    return this.theModel;
  }

  model(): Bytes | null {
    const model = this.knownModel;
    if (model === null && this.awaitsBody) this.ambiguity = Ambiguity.NotYet;
    return this.answerOf(model, Ambiguity.Model);
  }

  /** The model that the headers name, or the query of a request without a body; null if they name none. */
  private findModel(): Bytes | null {
    const questions = this.questions;
    const header = questions.modelHeader >= 0 ? this.header(questions.modelHeader) : null;
    if (header !== null && header.byteLength > 0) {
      this.awaitsBody = false;
      return modelText(addressOf(header), header.byteLength);
    }
    const path = this.path();
    const inPath = path !== null ? modelInPath(path) : null;
    if (inPath !== null) {
      this.awaitsBody = false;
      // Then what the body says does not matter.
      return inPath === AMBIGUOUS ? null : inPath;
    }
    for (let i = 0; i < questions.modelParams.length && !this.awaitsBody; ++i) {
      const value = this.param(questions.modelParams[i]);
      if (value !== null) return modelText(addressOf(value), value.byteLength);
    }
    return null;
  }

  /**
   * Answers all questions for which the host has to be asked, because it may not be able to answer any more when the body has been
   * read.
   * @param body gets what the headers say about the body
   */
  answerAll(body: BodyHeaders): void {
    const questions = this.questions;
    this.readBody(body);
    for (let i = 0; i < questions.headers.length; ++i) this.readHeader(i);
    if (questions.paramCount > 0) this.param(0);
    if (questions.cookieCount > 0) this.cookie(0);
    for (let i = 0; i < questions.addresses.length; ++i) this.address(i);
    // Cookies and addresses from a list that was cut are not asked for again, so that has to be remembered.
    if (this.ambiguity != Ambiguity.TooManyHeaders) this.ambiguity = Ambiguity.None;
    this.missing = this.required = -1;
  }

  /**
   * The model that the query names, which LiteLLM believes rather than the body; null if it names none, `AMBIGUOUS` if several.
   * Only for configurations that look at models.
   */
  get modelInQuery(): Bytes | null {
    const value = this.param(this.questions.modelParams[0]);
    if (this.ambiguity == Ambiguity.Param) return AMBIGUOUS;
    return value !== null ? modelText(addressOf(value), value.byteLength) : null;
  }

  /** The body has been read. @param model it is for; `AMBIGUOUS`, or null if that is not known */
  tellModel(model: Bytes | null): void {
    this.awaitsBody = false;
    const named = this.modelInQuery;
    this.theModel = named === null || model === null || equals(named, model) ? model : AMBIGUOUS;
  }

  address(question: i32): IpAddress | null {
    const sources = this.questions.addresses;
    if (!this.hasAddresses) {
      this.hasAddresses = true;
      this.addresses.begin(sources.length);
    }
    if (this.addresses.has(question)) return this.addresses.get(question);
    const source = sources[question];
    const text = source.header < 0 ? this.source.property(SOURCE_ADDRESS) : this.header(source.header);
    let address: IpAddress | null = null;
    const trusted = source.trusted;
    if (text !== null) address = trusted !== null ? untrustedAddress(text, trusted) : clientAddress(text);
    if (address === null && trusted !== null && source.header >= 0) {
      // Without an address from a proxy, the client is the peer.
      const peer = this.source.property(SOURCE_ADDRESS);
      if (peer !== null) address = clientAddress(peer);
    }
    this.addresses.keep(question, address);
    return address;
  }
}

/** Of two keys the one that is there. Nobody can tell which of different ones the upstream believes. */
function onlyKey(known: Bytes, key: Bytes): Bytes {
  if (known === AMBIGUOUS || key === AMBIGUOUS) return AMBIGUOUS;
  if (key.byteLength == 0) return known;
  return known.byteLength == 0 || equals(known, key) ? key : AMBIGUOUS;
}
