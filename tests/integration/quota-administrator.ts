// The administrator in `quota-settlement.test.ts`, who sets balances and adds to them while calls go on.
import { pick, type Random } from "../support/calls.ts";
import type { Worker } from "./faulty-worker.ts";

/** Far from the numbers of calls. */
const FIRST_ID = 10_000_000;

interface Request {
  worker: Worker;
  id: number;
  root: number;
}

export class Administrator {
  /** How many requests were answered with this status. */
  readonly answers: Partial<Record<number, number>> = {};
  private readonly requests: Request[] = [];
  private nextId = FIRST_ID;

  /** @param workers that run ai-quota */
  constructor(
    private readonly workers: Worker[],
    private readonly next: Random,
  ) {}

  get isBusy(): boolean {
    return this.requests.length > 0;
  }

  refresh(consumer: string, quota: number): void {
    this.post("refresh", `consumer=${consumer}&quota=${quota}`);
  }

  delta(consumer: string, value: number): void {
    this.post("delta", `consumer=${consumer}&value=${value}`);
  }

  /** Takes note of what has been answered; now and then leaves before that. */
  playOn(): void {
    for (const one of this.requests.splice(0)) {
      const { host } = one.worker;
      const answer = host.streams.get(one.id)!.localResponse;
      if (answer === null && this.next() >= 0.005) {
        this.requests.push(one);
        continue;
      }
      if (answer !== null) this.answers[answer.code] = (this.answers[answer.code] ?? 0) + 1;
      host.end(one.id);
      one.worker.closed(one.root);
    }
  }

  private post(verb: string, form: string): void {
    const worker = pick(this.next, ...this.workers);
    const { host, root } = worker;
    const id = this.nextId++;
    const path = `/v1/chat/completions/quota/${verb}`;
    worker.opened(root);
    host.request(id, root, { ":path": path, "x-mse-consumer": "admin" }, false);
    const middle = Math.floor(this.next() * form.length);
    host.requestBody(id, form.slice(0, middle));
    host.requestBody(id, form.slice(middle), true);
    this.requests.push({ worker, id, root });
  }
}
