import { done } from "../abi/lifecycle";
import { nowMilliseconds, setTickPeriod } from "../abi/time";
import { UNKNOWN_FOR_MS } from "./schedule";
import { WaitingRoom } from "./waiting-charges";

const TICK_MS: u32 = 500;
/** By more than that the clock of the host does not move from one look to the next; else it was set. */
const LONGEST_STEP_MS: i64 = 60_000;

/** Something that may have to wait for a tick, such as a charge. */
export interface Waiter {
  /** Whether nothing waits. */
  hasNothing(): bool;
  /** Does what is due. */
  tick(nowMs: i64): void;
  /** Forgets all. */
  giveUp(): void;
}

/** The charges of one root context, of whatever configuration and Redis, and its ticks, which come only while something waits. */
@final
export class Outboxes {
  readonly room: WaitingRoom = new WaitingRoom();
  /** Where something waits. */
  private active: Waiter[] = [];
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

  /** Something waits. */
  wake(waiter: Waiter): void {
    if (this.active.includes(waiter)) return;
    if (this.active.length == 0) setTickPeriod(TICK_MS);
    this.active.push(waiter);
  }

  /** Does what is due. */
  tick(): void {
    const nowMs = this.nowMs();
    const waiters = this.active;
    this.active = [];
    for (let i = 0; i < waiters.length; ++i) {
      if (this.finishing && nowMs >= this.finishByMs) waiters[i].giveUp();
      waiters[i].tick(nowMs);
      if (!waiters[i].hasNothing() && !this.active.includes(waiters[i])) this.active.push(waiters[i]);
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
    for (let i = 0; i < this.active.length; ++i) if (!this.active[i].hasNothing()) return false;
    return this.unanswered == 0;
  }

  private end(): void {
    if (!this.finishing || !this.isEmpty) return;
    this.finishing = false;
    this.ended = true;
    done();
  }
}
