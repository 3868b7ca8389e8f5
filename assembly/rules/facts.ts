import { Bytes, equals } from "../bytes/bytes";
import { IpAddress } from "./address";
import { CidrTable } from "./cidr-table";

/** Where a client's address is read from. */
@final
export class AddressSource {
  /**
   * @param header the name of a request header that lists addresses, the client's first; null for the remote address
   * @param trusted the proxies whose entries in that list are believed: the address is then the last one that is not
   * theirs, because what stands before it may be the client's invention; null to believe all
   */
  constructor(
    readonly header: Bytes | null,
    readonly trusted: CidrTable | null = null,
  ) {}

  equals(other: AddressSource): bool {
    if (this.trusted !== other.trusted) return false;
    const mine = this.header;
    const others = other.header;
    return mine === null || others === null ? mine === others : equals(mine, others);
  }
}

/**
 * What rules may ask about a request. `null` means absent, which is not the same as present and empty.
 * An implementation answers the same question once, however many rules ask it.
 */
export abstract class Facts {
  /** The value of the first header of this name, whatever the case of its letters. */
  abstract header(name: Bytes): Bytes | null;
  /** The decoded value of the first query parameter of this name. */
  abstract param(name: Bytes): Bytes | null;
  /** The value of the first cookie of this name; null also for an empty one. */
  abstract cookie(name: Bytes): Bytes | null;
  /** The consumer that an authentication filter found. */
  abstract consumer(): Bytes | null;
  /** The client's address, IPv4-mapped IPv6 read as IPv4; null also for what is not an address. */
  abstract address(source: AddressSource): IpAddress | null;
}
