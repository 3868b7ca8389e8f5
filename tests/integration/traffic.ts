// The callers in `settlement-faults.test.ts`: calls at random, many at once, which begin, go on, and end.
import { newCall, pick, play, worth, type Call, type Random } from "../support/calls.ts";
import type { StrictHost } from "../support/strict-host.ts";
import type { ChargeBooks } from "./charge-books.ts";
import type { Worker } from "./faulty-worker.ts";

const AT_ONCE = 60;

interface Running {
  worker: Worker;
  root: number;
  call: Call;
  /** What is left of it after it was let through; null until then. */
  steps: Generator<void> | null;
}

export class Traffic {
  started = 0;
  rejected = 0;
  private readonly running = new Map<number, Running>();

  /** @param reference tells what a call is worth */
  constructor(
    private readonly calls: number,
    private readonly workers: Worker[],
    private readonly reference: StrictHost,
    private readonly books: ChargeBooks,
    private readonly next: Random,
  ) {}

  get isOver(): boolean {
    return this.started >= this.calls && this.running.size === 0;
  }

  /** Each call goes on by a step, or not; new ones begin. */
  playOn(): void {
    while (this.running.size < AT_ONCE && this.started < this.calls) this.begin();
    for (const [id, one] of [...this.running]) {
      if (this.next() < 0.4 || !this.goOn(id, one)) continue;
      this.running.delete(id);
      one.worker.closed(one.root);
    }
  }

  private begin(): void {
    const id = 1000 + this.started++;
    const worker = pick(this.next, ...this.workers);
    const { host, root } = worker;
    const call = newCall(this.next);
    worker.opened(root);
    host.request(id, root, call.headers, false);
    this.running.set(id, { worker, root, call, steps: null });
  }

  /** @returns whether the call is over */
  private goOn(id: number, one: Running): boolean {
    if (one.steps !== null) return one.steps.next().done === true;
    const { host } = one.worker;
    const stream = host.streams.get(id)!;
    const isRejected = stream.localResponse !== null;
    // Rejected; or its client does not wait for Redis.
    if (isRejected || (stream.continued === 0 && this.next() < 0.002)) {
      if (isRejected) this.rejected++;
      host.end(id);
      return true;
    }
    if (stream.continued > 0) {
      this.books.admitted(worth(this.reference, id, one.call));
      one.steps = play(host, id, one.call);
      one.steps.next();
    }
    return false;
  }
}
