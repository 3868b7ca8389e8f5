// The callers in `settlement-faults.test.ts` and `quota-settlement.test.ts`: calls at random, many at once, which begin, go
// on, and end.
import { newCall, pick, worth, type Call, type Random } from "../support/calls.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { ChainedCall } from "./chained-call.ts";
import type { ChargeBooks } from "./charge-books.ts";
import { startReference, type Plugin, type Worker } from "./faulty-worker.ts";

const AT_ONCE = 60;

interface Running {
  call: ChainedCall;
  /** What is left of it after it was let through; null until then. */
  steps: Generator<void> | null;
}

export class Traffic {
  started = 0;
  /** How many calls each filter has rejected. */
  readonly rejectedBy: number[];
  private readonly running = new Map<number, Running>();

  private constructor(
    private readonly calls: number,
    private readonly gateways: Worker[][],
    private readonly references: readonly { host: StrictHost; plugin: Plugin }[],
    private readonly books: ChargeBooks,
    private readonly next: Random,
    private readonly make: (next: Random) => Call,
  ) {
    this.rejectedBy = gateways[0]!.map(() => 0);
  }

  /**
   * @param gateways the filters that a call meets in each of them
   * @param books are told what calls are worth that were let through
   * @param make makes a call
   */
  static async begin(
    calls: number,
    gateways: Worker[][],
    books: ChargeBooks,
    next: Random,
    make = newCall,
  ): Promise<Traffic> {
    const references = gateways[0]!.map(async ({ plugin }) => ({
      host: await startReference(plugin),
      plugin,
    }));
    return new Traffic(calls, gateways, await Promise.all(references), books, next, make);
  }

  get isOver(): boolean {
    return this.started >= this.calls && this.running.size === 0;
  }

  get rejected(): number {
    return this.rejectedBy.reduce((sum, count) => sum + count);
  }

  /** Each call goes on by a step, or not; new ones begin. */
  playOn(): void {
    while (this.running.size < AT_ONCE && this.started < this.calls) this.begin();
    for (const [id, one] of [...this.running]) {
      if (this.next() >= 0.4 && this.goOn(id, one)) this.running.delete(id);
    }
  }

  private begin(): void {
    const id = 1000 + this.started++;
    const filters = pick(this.next, ...this.gateways);
    this.running.set(id, { call: new ChainedCall(id, filters, this.make(this.next)), steps: null });
  }

  /** @returns whether the call is over */
  private goOn(id: number, one: Running): boolean {
    if (one.steps !== null) return one.steps.next().done === true;
    const { call } = one;
    const stand = call.advance();
    if (stand === "refused") {
      this.rejectedBy[call.refused()]!++;
      return true;
    }
    if (stand === "waiting") {
      // Now and then its client does not wait for Redis.
      if (this.next() >= 0.002) return false;
      call.leave();
      return true;
    }
    for (const { host, plugin } of this.references)
      this.books.admitted(worth(host, id, call.call, plugin.passing));
    one.steps = call.steps();
    one.steps.next();
    return false;
  }
}
