// What filters ought to have charged in `settlement-faults.test.ts` and `quota-settlement.test.ts`, what Redis has made of
// it, and what the filters heard.
import type { Worth } from "../support/calls.ts";
import { chargeOf } from "../support/filter.ts";
import type { RedisCommand } from "../support/strict-host.ts";
import type { Books, Sent } from "./books.ts";
import { deadlineAt, type Reply } from "./faulty-redis.ts";

export type Charge = ReturnType<typeof chargeOf>;

const add = (map: Map<string, number>, key: string, by: number): void =>
  void map.set(key, (map.get(key) ?? 0) + by);

/** Whether a command is a charge; else it is a check, a probe, or an administrator's. */
export const isCharge = ({ args }: RedisCommand): boolean => deadlineAt(args) >= 0;

/** Whether a command is an administrator's change of a balance. */
export const isChange = ({ args }: RedisCommand): boolean => /^(set|add)$/.test(String(args[4]));

/** Compares at the end what calls were worth with what Redis has counted, whatever the filter says. */
export class ChargeBooks implements Books {
  /** By counter: what its calls were worth; by balance: the same, below zero. */
  readonly expected = new Map<string, number>();
  /** By balance: what administrators have added in all. */
  readonly granted = new Map<string, number>();
  /** How many changes of balances Redis has made. */
  changes = 0;
  /** How many answers were fetched that had been before. */
  fetchedAgain = 0;
  /** The markers of answers that were fetched: fetching them again costs nothing. */
  private readonly fetched = new Set<string>();
  /** What all calls were worth; each is counted once, however many counters it has. */
  worth = 0;
  /** By marker. */
  private readonly made = new Map<string, Charge>();
  private readonly known = new Set<string>();
  /** How often Redis found a marker, and how often a deadline had passed. */
  repeated = 0;
  refused = 0;

  admitted({ keys, tokens, marker }: Worth): void {
    if (this.fetched.has(marker)) {
      this.fetchedAgain++;
      return;
    }
    if (marker.includes(":answer:")) this.fetched.add(marker);
    this.worth += Math.abs(tokens);
    for (const key of keys) add(this.expected, key, tokens);
  }

  markerOf(command: RedisCommand): string | null {
    return isCharge(command) ? chargeOf(command).marker : null;
  }

  found({ command }: Sent, marker: string | null): void {
    if (marker !== null) this.carriedOut(command);
  }

  answered({ command }: Sent, reply: Reply): void {
    if (isChange(command) && reply?.[0] === 0x2a) this.changed(command, reply.toString());
    if (!isCharge(command) || reply === null) return;
    const { marker, keys } = chargeOf(command);
    const text = reply.toString();
    if (text.startsWith("*1\r\n")) this.repeated++;
    if (text.startsWith("*2\r\n:-2\r\n")) this.refused++;
    if (!text.startsWith(`*${keys.length + 2}\r\n`)) return;
    if (this.made.has(marker)) throw new Error(`${marker} was made twice`);
    this.carriedOut(command);
  }

  heard({ command }: Sent, reply: Reply): void {
    if (isCharge(command) && reply !== null && !/^(-|\*2\r\n:-2\r\n)/.test(reply.toString()))
      this.known.add(chargeOf(command).marker);
  }

  /** Redis has carried a charge out, or has its marker. */
  private carriedOut(command: RedisCommand): void {
    const charge = chargeOf(command);
    this.made.set(charge.marker, charge);
  }

  /** Redis has changed a balance, and says what it holds now. */
  private changed({ args }: RedisCommand, reply: string): void {
    const [key, verb, amount] = args.slice(3, 6).map(String) as [string, string, string];
    const before = (this.granted.get(key) ?? 0) + (this.counted.get(key) ?? 0);
    const after = verb === "set" ? Number(amount) : before + Number(amount);
    const found = Number(reply.split("\r\n")[2]);
    if (found !== after) throw new Error(`${verb} ${amount} made ${key} ${found} instead of ${after}`);
    add(this.granted, key, after - before);
    this.changes++;
  }

  /** Redis was emptied. */
  flushed(): void {
    for (const [marker, { keys, tokens }] of this.made)
      if (this.known.has(marker)) for (const key of keys) add(this.expected, key, -tokens);
    this.made.clear();
  }

  /** By counter: what all charges were worth that Redis has made. */
  get counted(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { keys, tokens } of this.made.values()) for (const key of keys) add(sums, key, tokens);
    return sums;
  }

  /** Tokens that were charged, of which the filter never heard. */
  get unheard(): number {
    let sum = 0;
    for (const [marker, { tokens }] of this.made) if (!this.known.has(marker)) sum += tokens;
    return sum;
  }
}
