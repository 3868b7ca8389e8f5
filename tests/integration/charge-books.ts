// What the filter ought to have charged in `settlement-faults.test.ts`, what Redis has made of it, and what the filter heard.
import { chargeOf } from "../support/filter.ts";
import type { RedisCommand } from "../support/strict-host.ts";
import type { Reply } from "./faulty-redis.ts";

export type Charge = ReturnType<typeof chargeOf>;

const add = (map: Map<string, number>, key: string, by: number): void =>
  void map.set(key, (map.get(key) ?? 0) + by);

/** Whether a command is a charge; else it is a check, or a probe. */
export const isCharge = ({ args }: RedisCommand): boolean =>
  args.length - 3 - Number(args[2]) === Number(args[2]) + 2;

/** Compares at the end what calls were worth with what Redis has counted, whatever the filter says. */
export class ChargeBooks {
  /** By counter: what its calls were worth. */
  readonly expected = new Map<string, number>();
  /** What all calls were worth; each is counted once, however many counters it has. */
  worth = 0;
  /** By marker. */
  private readonly made = new Map<string, Charge>();
  private readonly known = new Set<string>();
  /** How often Redis found a marker, and how often a deadline had passed. */
  repeated = 0;
  refused = 0;

  admitted({ keys, tokens }: { keys: string[]; tokens: number }): void {
    this.worth += tokens;
    for (const key of keys) add(this.expected, key, tokens);
  }

  /** Redis has carried a charge out, or has its marker. */
  carriedOut(command: RedisCommand): void {
    const charge = chargeOf(command);
    this.made.set(charge.marker, charge);
  }

  /** Redis has answered, whether anybody hears it or not. */
  answered(command: RedisCommand, reply: Reply): void {
    if (!isCharge(command) || reply === null) return;
    const { marker, keys } = chargeOf(command);
    const text = reply.toString();
    if (text.startsWith("*1\r\n")) this.repeated++;
    if (text.startsWith("*2\r\n:-2\r\n")) this.refused++;
    if (!text.startsWith(`*${keys.length + 2}\r\n`)) return;
    if (this.made.has(marker)) throw new Error(`${marker} was made twice`);
    this.carriedOut(command);
  }

  /** The filter hears of it. */
  heard(command: RedisCommand, reply: Reply): void {
    if (isCharge(command) && reply !== null && !/^(-|\*2\r\n:-2\r\n)/.test(reply.toString()))
      this.known.add(chargeOf(command).marker);
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
