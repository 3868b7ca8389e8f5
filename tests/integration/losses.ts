// Tells why each charge in `settlement-faults.test.ts` and `quota-settlement.test.ts` was lost, from what the filter has sent and heard.
//
// Charges are lost only because Redis was away for more than two minutes: in the outage of 150 seconds, or in two events in
// a row with only a few seconds between them, since a silent Redis is asked every 16 seconds, and the answer to that may be lost
// as well. A single lost reply costs nothing, because the charge is repeated. Lost are:
//
// - charges whose reply was lost when Redis went away. Nobody knows whether they were made, and two minutes later their
//   markers are gone. That is some 0.2 % of all tokens in each run.
// - charges that wait in a root context whose configuration was replaced. It is given two minutes to settle them, also
//   those that were certainly not made. That is another 1 % in some runs, if a configuration is pushed in a standstill and
//   Redis stands still again at once.
//
// The other reasons that the README names do not occur here, and excuse nothing: no charge waits for an hour, and some
// hundred charges that wait at once do not fill 4 MiB.
import { chargeOf } from "../support/filter.ts";
import type { RedisCommand } from "../support/strict-host.ts";
import { isCharge } from "./charge-books.ts";
import type { Reply } from "./faulty-redis.ts";
import type { Worker } from "./faulty-worker.ts";

/** What the README promises: so long is a charge tried that may have been made, and so long may a root context end. */
const TWO_MINUTES = 120_000;
/** The longest time between two questions whether Redis is back. */
const ASKED_EVERY = 16_000;
/** So long the filter may take to hear an answer to one, and to send what has waited. */
const NOTICED = 4_000;
/** So many questions in a row may remain without an answer, as any command may. */
const UNANSWERED = 2;

/** A charge that the filter has sent and not heard to be made. Times are in milliseconds, by the worker's clock. */
interface OpenCharge {
  worker: Worker;
  root: number;
  tokens: number;
  namedAt: number;
  mayBeMade: boolean;
  isOut: boolean;
}

export class Losses {
  /** How many charges were lost for each documented reason. */
  readonly causes = {
    "it may have been made, and two minutes have passed": 0,
    "its root context has ended for two minutes": 0,
  };
  /** Those that were lost for none. */
  readonly unexplained: object[] = [];
  /** By marker: what is neither charged nor lost. */
  readonly open = new Map<string, OpenCharge>();
  /** Charges that the filter has not heard of. */
  private readonly out = new Set<RedisCommand>();
  /** When commands of a worker's root context remained without an answer, by the worker's clock, in milliseconds. */
  private readonly failures = new Map<Worker, Map<number, number[]>>();

  /** @param sinceAway how long ago Redis was away, in milliseconds */
  constructor(
    workers: Worker[],
    private readonly sinceAway: () => number,
  ) {
    for (const worker of workers) {
      worker.host.onRedisCall = (command) => this.sent(worker, command);
      worker.host.onIncrement = (metric, by) => {
        if (metric === `${worker.plugin.metrics}lost_tokens`) this.lost(worker, by);
      };
    }
  }

  /** The filter of a worker is about to hear of a command; null if nothing came in time. */
  hears(worker: Worker, command: RedisCommand, reply: Reply): void {
    const text = reply?.toString() ?? "";
    const number = command.args.at(-1)!.toString();
    const isAnswer = text.startsWith("*") && text.endsWith(`$${number.length}\r\n${number}\r\n`);
    if (!isAnswer) this.failuresOf(worker, command.root).push(worker.host.now);
    if (!this.out.delete(command)) return;
    const { marker } = chargeOf(command);
    const charge = this.open.get(marker)!;
    charge.isOut = false;
    const isTooLate = isAnswer && text.startsWith("*2\r\n:-2\r\n");
    if (isAnswer && !isTooLate) this.open.delete(marker);
    else if (!isTooLate && !/^-(LOADING|BUSY|READONLY|CLUSTERDOWN|NOSCRIPT) /.test(text))
      charge.mayBeMade = true;
    // One that was certainly not made goes on under another name, or as a part of another.
    else if (!charge.mayBeMade && !text.startsWith("-NOSCRIPT")) this.open.delete(marker);
  }

  private failuresOf(worker: Worker, root: number): number[] {
    let ofWorker = this.failures.get(worker);
    if (ofWorker === undefined) this.failures.set(worker, (ofWorker = new Map<number, number[]>()));
    let ofRoot = ofWorker.get(root);
    if (ofRoot === undefined) ofWorker.set(root, (ofRoot = []));
    return ofRoot;
  }

  /** Whether a root context cannot know yet that Redis is back, or Redis is away. */
  private isAwayFor(worker: Worker, root: number): boolean {
    const sinceAway = this.sinceAway();
    const failures = this.failuresOf(worker, root).filter((at) => worker.host.now - at < sinceAway);
    const questions = 1 + Math.min(failures.length, UNANSWERED);
    return sinceAway < questions * ASKED_EVERY + NOTICED;
  }

  private sent(worker: Worker, command: RedisCommand): void {
    if (!isCharge(command)) return;
    const { marker, tokens } = chargeOf(command);
    // Several charges of a stored answer have one marker, which lasts for a day. Losing one is never explained.
    if (marker.includes(":answer:")) return;
    this.out.add(command);
    const { root } = command;
    const charge = this.open.get(marker);
    if (charge !== undefined) charge.isOut = true;
    else
      this.open.set(marker, {
        worker,
        root,
        tokens,
        namedAt: worker.host.now,
        mayBeMade: false,
        isOut: true,
      });
  }

  /** The filter has given a charge up. Of several that it may have been, it was the oldest. */
  private lost(worker: Worker, tokens: number): void {
    const { now, root } = worker.host;
    const mayBeIt = [...this.open].filter(
      ([, one]) =>
        one.worker === worker && one.root === root && Math.abs(one.tokens) === tokens && !one.isOut,
    );
    const found = mayBeIt.sort(([, a], [, b]) => a.namedAt - b.namedAt)[0];
    const age = found === undefined ? undefined : now - found[1].namedAt;
    if (found !== undefined) this.open.delete(found[0]);
    const isAway = this.isAwayFor(worker, root);
    if (isAway && found?.[1].mayBeMade && age! >= TWO_MINUTES)
      this.causes["it may have been made, and two minutes have passed"]++;
    else if (isAway && worker.endingFor(root) >= TWO_MINUTES)
      this.causes["its root context has ended for two minutes"]++;
    else this.unexplained.push({ tokens, root, age, sinceAway: this.sinceAway(), charge: found?.[0] });
  }
}
