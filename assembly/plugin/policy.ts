import { Bytes } from "../bytes/bytes";
import { Ledger } from "../ledger/ledger";
import { Metering } from "../metering/meter";

/** One configuration at work, as far as all plugins are alike: how calls are counted, and in which ledger. */
export abstract class Policy {
  constructor(
    readonly ledger: Ledger,
    readonly metering: Metering,
    /** Whether `accept-encoding` is removed from requests, so that responses can be read. */
    readonly stripsAcceptEncoding: bool,
    /** The frame that closes a WebSocket whose caller is above a limit. */
    readonly closeFrame: Bytes,
  ) {}
}
