import { Bytes, bytesOf, EMPTY, equals } from "../bytes/bytes";
import { IpAddress } from "../rules/address";
import { AddressSource, Facts } from "../rules/facts";
import { clientAddress, untrustedAddress } from "./client-address";
import { cookieValue } from "./cookie";
import { queryParam } from "./query";

/** What the facts of an HTTP request are made of. `null` means absent. */
export interface HttpSource {
  /** The value of the first request header of this name, whatever the case of its letters. */
  header(name: Bytes): Bytes | null;
  /** The value of a property of the stream; the segments of its path are joined by NUL. */
  property(path: Bytes): Bytes | null;
}

/** The header in which authentication filters of Higress leave the name of the consumer. */
export const CONSUMER_HEADER: Bytes = bytesOf("x-mse-consumer");

const PATH_HEADER = bytesOf(":path");
const COOKIE_HEADER = bytesOf("cookie");
const SOURCE_ADDRESS = bytesOf("source\0address");

/**
 * The facts of one HTTP request. Nothing is read before it is asked for, and nothing twice: each answer is kept, so
 * that the number of rules that ask does not count. How many are kept is bounded by the configuration, which has
 * the questions.
 */
@final
export class HttpFacts extends Facts {
  /** The answers, of which the first `count` are about this request; the others are there to be used again. */
  private known: Known[] = [];
  private count: i32 = 0;
  private knownAddress: KnownAddress | null = null;

  constructor(private readonly source: HttpSource) {
    super();
  }

  /** Forgets all answers: the source is another request now. */
  begin(): void {
    this.count = 0;
    this.knownAddress = null;
  }

  header(name: Bytes): Bytes | null {
    const known = this.recall(Kind.Header, name);
    return known !== null ? known.value : this.keep(Kind.Header, name, this.source.header(name));
  }

  param(name: Bytes): Bytes | null {
    const known = this.recall(Kind.Param, name);
    if (known !== null) return known.value;
    const path = this.header(PATH_HEADER);
    return this.keep(Kind.Param, name, path === null ? null : queryParam(path, name));
  }

  cookie(name: Bytes): Bytes | null {
    const known = this.recall(Kind.Cookie, name);
    if (known !== null) return known.value;
    const cookies = this.header(COOKIE_HEADER);
    return this.keep(Kind.Cookie, name, cookies === null ? null : cookieValue(cookies, name));
  }

  consumer(): Bytes | null {
    return this.header(CONSUMER_HEADER);
  }

  address(source: AddressSource): IpAddress | null {
    let known = this.knownAddress;
    while (known !== null) {
      if (known.source.equals(source)) return known.address;
      known = known.next;
    }
    const header = source.header;
    const text = header === null ? this.source.property(SOURCE_ADDRESS) : this.header(header);
    let address: IpAddress | null = null;
    const trusted = source.trusted;
    if (text !== null) address = trusted !== null ? untrustedAddress(text, trusted) : clientAddress(text);
    this.knownAddress = new KnownAddress(source, address, this.knownAddress);
    return address;
  }

  private recall(kind: Kind, name: Bytes): Known | null {
    for (let i = 0; i < this.count; ++i) {
      const known = this.known[i];
      if (known.kind == kind && (known.name == name || equals(known.name, name))) return known;
    }
    return null;
  }

  private keep(kind: Kind, name: Bytes, value: Bytes | null): Bytes | null {
    if (this.count == this.known.length) this.known.push(new Known());
    const known = this.known[this.count++];
    known.kind = kind;
    known.name = name;
    known.value = value;
    return value;
  }
}

const enum Kind {
  Header,
  Param,
  Cookie,
}

/** One answer. */
@final
class Known {
  kind: Kind = Kind.Header;
  name: Bytes = EMPTY;
  value: Bytes | null = null;
}


@final
class KnownAddress {
  constructor(
    readonly source: AddressSource,
    readonly address: IpAddress | null,
    readonly next: KnownAddress | null,
  ) {}
}
