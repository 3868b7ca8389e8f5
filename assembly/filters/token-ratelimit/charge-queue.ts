import { done } from "../../abi/lifecycle";
import { nowMilliseconds, setTickPeriod } from "../../abi/time";
import { delayAfter, MAX_ATTEMPTS } from "../../limiter/schedule";
import { Charge } from "./charge";

/** More charges than that do not wait; what comes then is lost. They take about 2 MB. */
const MAX_WAITING = 1024;
const TICK_MS: u32 = 500;
/** So that a tick does not hold up the worker for long. */
const MAX_PER_TICK = 256;

/** Charges that Redis could not be told of yet. One per root context; it ticks only while something waits. */
@final
export class ChargeQueue {
  private waiting: Charge[] = [];
  /** How many were sent and not answered. */
  private unanswered: i32 = 0;
  /** The root context is to be removed when nothing waits. */
  private finishing: bool = false;
  /** The root context is gone, and so are its ticks. */
  private ended: bool = false;

  /** Has a charge that failed tried again later; false if it has been tried often enough, or too many wait. */
  later(charge: Charge): bool {
    if (this.ended || charge.attempts >= MAX_ATTEMPTS || this.waiting.length >= MAX_WAITING) return false;
    charge.due = nowMilliseconds() + delayAfter(charge.attempts);
    this.waiting.push(charge);
    if (this.waiting.length == 1) setTickPeriod(TICK_MS);
    return true;
  }

  /** Tries the charges that are due. */
  tick(): void {
    const now = nowMilliseconds();
    const due: Charge[] = [];
    const rest: Charge[] = [];
    for (let i = 0; i < this.waiting.length; ++i) {
      const charge = this.waiting[i];
      if (charge.due <= now && due.length < MAX_PER_TICK) due.push(charge);
      else rest.push(charge);
    }
    this.waiting = rest;
    for (let i = 0; i < due.length; ++i) due[i].send();
    if (this.waiting.length == 0) setTickPeriod(0);
  }

  /** A charge was sent. */
  sent(): void {
    this.unanswered++;
  }

  /** A charge that was sent has its answer, or is known to have none. */
  answered(): void {
    this.unanswered--;
    if (!this.finishing || !this.isEmpty) return;
    this.finishing = false;
    this.ended = true;
    done();
  }

  /** No more calls are to be charged: whether nothing waits any more; if not, the host is told when that is so. */
  finish(): bool {
    this.ended = this.isEmpty;
    this.finishing = !this.ended;
    return this.ended;
  }

  private get isEmpty(): bool {
    return this.unanswered == 0 && this.waiting.length == 0;
  }
}
