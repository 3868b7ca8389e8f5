// What keeps account of a run with faults, besides the filters themselves.
import type { RedisCommand } from "../support/strict-host.ts";
import type { Reply } from "./faulty-redis.ts";
import type { Worker } from "./faulty-worker.ts";

/** A command that a worker has sent. */
export interface Sent {
  worker: Worker;
  command: RedisCommand;
}

/** Who keeps account of what Redis has made of commands. */
export interface Books {
  /** The marker of a command that changes counters; null for any other command. */
  markerOf(command: RedisCommand): string | null;
  /** Redis has answered, whether anybody hears it or not; in the order in which it has carried commands out. */
  answered(sent: Sent, reply: Reply): void;
  /** The same for a command without an answer: all that tells is what its marker has now; null for nothing. */
  found(sent: Sent, marker: string | null): void;
  /** The filter hears of it. */
  heard(sent: Sent, reply: Reply): void;
}
