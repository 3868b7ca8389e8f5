import { done } from "../abi/lifecycle";
import { nowMilliseconds, setTickPeriod } from "../abi/time";
import { UNKNOWN_FOR_MS } from "./schedule";
import { WaitingRoom } from "./waiting-charges";

const TICK_MS: u32 = 500;
/** By more than that the clock of the host does not move from one look to the next; else it was set. */
const LONGEST_STEP_MS: i64 = 60_000;

/** Charges that may have to wait. */
export interface Waiters {
  /** Whether none waits. */
  areNone(): bool;
  /** Tries those that are due. */
  tick(nowMs: i64): void;
  /** Forgets all. */
  giveUp(): void;
}

/** The charges of one root context, of whatever configuration and Redis; it ticks only while some wait. */
@final
export class Outboxes {
  readonly room: WaitingRoom = new WaitingRoom();
  /** Those in which something waits. */
  private active: Waiters[] = [];
  /** How many charges were sent and not answered. */
  private unanswered: i32 = 0;
  /** The root context is to be removed when nothing waits, and no later than at `finishByMs`. */
  private finishing: bool = false;
  private finishByMs: i64 = 0;
  /** The root context is gone, and so are its ticks. */
  private ended: bool = false;
  private timeMs: i64 = 0;
  private lastReading: i64 = 0;

  /**
   * Milliseconds that never go back, whatever the clock of the host is set to.
   * @param reading what that shows
   */
  timeAtMs(reading: i64): i64 {
    this.timeMs += max(0, min(reading - this.lastReading, LONGEST_STEP_MS));
    this.lastReading = reading;
    return this.timeMs;
  }

  nowMs(): i64 {
    return this.timeAtMs(nowMilliseconds());
  }

  /** Whether a charge may still wait: there will be ticks. */
  get isOpen(): bool {
    return !this.ended;
  }

  /** Something waits in an outbox. */
  wake(outbox: Waiters): void {
    if (this.active.includes(outbox)) return;
    if (this.active.length == 0) setTickPeriod(TICK_MS);
    this.active.push(outbox);
  }

  /** Tries the charges that are due. */
  tick(): void {
    const nowMs = this.nowMs();
    const outboxes = this.active;
    this.active = [];
    for (let i = 0; i < outboxes.length; ++i) {
      if (this.finishing && nowMs >= this.finishByMs) outboxes[i].giveUp();
      outboxes[i].tick(nowMs);
      if (!outboxes[i].areNone() && !this.active.includes(outboxes[i])) this.active.push(outboxes[i]);
    }
    if (this.active.length == 0) setTickPeriod(0);
    this.end();
  }

  /** A charge was sent. */
  sent(): void {
    this.unanswered++;
  }

  /** A charge that was sent has its answer, or is known to have none. */
  answered(): void {
    this.unanswered--;
    this.end();
  }

  /** No more calls are to be charged: whether nothing waits any more; if not, the host is told when that is so. */
  finish(): bool {
    this.ended = this.isEmpty;
    this.finishing = !this.ended;
    this.finishByMs = this.nowMs() + UNKNOWN_FOR_MS;
    return this.ended;
  }

  private get isEmpty(): bool {
    return this.unanswered == 0 && this.active.length == 0;
  }

  private end(): void {
    if (!this.finishing || !this.isEmpty) return;
    this.finishing = false;
    this.ended = true;
    done();
  }
}
