// The callers in `reservation-chaos.test.ts`: calls that state a cap or none, use less than they may, fail, or are given up
// while they wait.
import { pick, type Random } from "../support/calls.ts";
import { usageBody } from "../support/filter.ts";
import type { Worker } from "./faulty-worker.ts";

export const CALLERS = ["ann", "bob", "cid"];
/** How many calls there are at once, and how many begin at most before the next time passes. */
const AT_ONCE = 30;
const BEGINNING = 4;
const INPUT = 4;
const MOST_OUTPUT = 400;
/** The output of a call that states none is no more than what is assumed for it. */
export const ASSUMED_OUTPUT = 64;

interface Running {
  worker: Worker;
  root: number;
  caller: string;
  /** The output that it will report; null if the model fails. */
  output: number | null;
}

export class HeldTraffic {
  /** Whether new calls begin. */
  isOpen = true;
  started = 0;
  admitted = 0;
  rejected = 0;
  private readonly running = new Map<number, Running>();
  /** By worker and caller: what calls have reported. */
  private readonly reported = new Map<Worker, Map<string, number>>();

  constructor(
    private readonly gateways: readonly Worker[][],
    private readonly next: Random,
  ) {}

  get isOver(): boolean {
    return this.running.size === 0;
  }

  /** Each call goes on by a step, or not; new ones begin. */
  playOn(): void {
    for (let i = 0; this.isOpen && i < BEGINNING && this.running.size < AT_ONCE; ++i)
      this.begin(pick(this.next, ...CALLERS), pick(this.next, ...this.gateways)[0]!);
    for (const [id, call] of [...this.running]) {
      if (this.next() < 0.4 || !this.goOn(id, call)) continue;
      call.worker.host.end(id);
      call.worker.closed(call.root);
      this.running.delete(id);
    }
  }

  /** One more call of each caller. */
  touch(): void {
    for (const caller of CALLERS) this.begin(caller, this.gateways[0]![0]!);
  }

  /** Gateways have died, and their calls with them. @returns how many that were */
  drop(dead: readonly Worker[]): number {
    const lost = [...this.running].filter(([, { worker }]) => dead.includes(worker));
    for (const [id] of lost) this.running.delete(id);
    return lost.length;
  }

  /** What the calls of a caller have reported to a worker. */
  reportedTo(worker: Worker, caller: string): number {
    return this.reported.get(worker)?.get(caller) ?? 0;
  }

  private begin(caller: string, worker: Worker): void {
    const { host, root } = worker;
    const id = 1000 + this.started++;
    const isCapped = this.next() < 0.7;
    const cap = isCapped ? 10 + Math.floor(this.next() * MOST_OUTPUT) : ASSUMED_OUTPUT;
    const body = JSON.stringify({
      messages: [{ role: "user", content: "How far is it from here to there?" }],
      ...(isCapped ? { max_tokens: cap } : {}),
    });
    worker.opened(root);
    const headers = { "x-api-key": caller, "x-mse-consumer": caller };
    host.request(id, root, { ...headers, "content-length": String(body.length) }, false);
    host.requestBody(id, body, true);
    // An answer that has text and reports no output would be charged an estimate.
    const output = this.next() < 0.1 ? null : Math.max(1, Math.floor(this.next() * cap));
    this.running.set(id, { worker, root, caller, output });
  }

  /** @returns whether the call is over */
  private goOn(id: number, { worker, caller, output }: Running): boolean {
    const { host } = worker;
    const stream = host.streams.get(id)!;
    if (stream.localResponse !== null) {
      this.rejected++;
      return true;
    }
    // Now and then a client does not wait for Redis.
    if (stream.continued === 0) return this.next() < 0.005;
    this.admitted++;
    host.responseHeaders(id, {
      ":status": output === null ? "500" : "200",
      "content-type": "application/json",
    });
    const { max_tokens: cap = ASSUMED_OUTPUT } = JSON.parse(Buffer.from(stream.toServer).toString()) as {
      max_tokens?: number;
    };
    const tokens = Math.min(output ?? 0, cap);
    host.responseBody(id, output === null ? '{"error":{}}' : usageBody(INPUT, tokens), true);
    if (output !== null) this.add(worker, caller, INPUT + tokens);
    return true;
  }

  private add(worker: Worker, caller: string, tokens: number): void {
    let sums = this.reported.get(worker);
    if (sums === undefined) this.reported.set(worker, (sums = new Map<string, number>()));
    sums.set(caller, (sums.get(caller) ?? 0) + tokens);
  }
}
