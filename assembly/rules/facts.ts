import { Bytes, equals } from "../bytes/bytes";
import { IpAddress } from "./address";

/** Where a client's address is read from. */
@final
export class AddressSource {
  /** @param header the name of a request header whose first element is the address; null for the remote address */
  constructor(readonly header: Bytes | null) {}

  equals(other: AddressSource): bool {
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
