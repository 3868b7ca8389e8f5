import { Bytes } from "../bytes/bytes";
import { Ledger } from "../ledger/ledger";
import { Metering } from "../metering/meter";
import { Voices } from "./voices";

/** A configuration at work, reduced to what all plugins share: how calls are counted, and in which ledger. */
export abstract class Policy {
  constructor(
    readonly ledger: Ledger,
    readonly metering: Metering,
    /** Whether `accept-encoding` is removed from requests, so that responses can be read. */
    readonly stripsAcceptEncoding: bool,
    /** The frame that closes a WebSocket whose caller is above a limit. */
    readonly closeFrame: Bytes,
    /** Whether the host holds the headers of a request while its body is read. */
    readonly holdsHeaders: bool,
    /** Whether the host must be asked to hold more of a body than its connections do. */
    readonly raisesBufferLimit: bool,
    /** Where the records of calls go. */
    readonly voices: Voices,
  ) {}
}
