import { RedisConfig } from "../config/redis";
import { Transport } from "../redis/transport";

/** Makes the transport to a Redis. */
export type Connect = (redis: RedisConfig) => Transport;

/** In what hosts differ. */
@final
export class Host {
  constructor(
    readonly connect: Connect,
    /**
     * Whether the host has one set of connections to a Redis service for everyone who uses it, so that `redis` blocks that name
     * the same service must agree.
     */
    readonly sharesConnections: bool,
    /** Whether the host holds the headers of a request while its body is read, even without `hold_headers`. */
    readonly holdsHeaders: bool,
    /** Whether a property raises how much of a body the host holds for one request (Higress). */
    readonly raisesBufferLimit: bool,
  ) {}
}
