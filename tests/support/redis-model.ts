// What the scripts do, as a model of a few lines whose clock the test sets: the oracle for when and how often a charge is
// carried out. tests/lua holds the scripts themselves to a real Redis.
import { array } from "./filter.ts";
import type { RedisCommand } from "./strict-host.ts";
import { withNumber } from "./wire.ts";

export class RedisModel {
  /** Its clock, in milliseconds since the epoch. */
  now = 1_800_000_000_000;
  readonly counters = new Map<string, number>();
  /** When each marker expires. */
  readonly markers = new Map<string, number>();
  /** How often each charge was carried out, by its marker. */
  readonly made = new Map<string, number>();
  /** How many charges were refused as too late. */
  refused = 0;

  /** Carries a command out, and returns the reply. */
  run(command: RedisCommand): string {
    const args = command.args.map(String);
    const numberOfKeys = Number(args[2]);
    const keys = args.slice(3, 3 + numberOfKeys);
    const values = args.slice(3 + numberOfKeys);
    const number = values.pop()!;
    if (values.length === keys.length) return withNumber(this.check(keys), number);
    return withNumber(this.charge(keys, values.map(Number)), number);
  }

  private check(keys: string[]): string {
    return array(...keys.flatMap((key) => [String(this.counters.get(key) ?? 0), 30_000]));
  }

  private charge([first, marker, ...others]: string[], values: number[]): string {
    for (const [name, expiry] of this.markers) if (expiry <= this.now) this.markers.delete(name);
    if (this.markers.has(marker!)) return array();
    const deadline = values[1]!;
    const tokens = values.at(-1)!;
    if (deadline <= this.now) {
      this.refused++;
      return array(-2);
    }
    this.markers.set(marker!, deadline);
    this.made.set(marker!, (this.made.get(marker!) ?? 0) + 1);
    const counters = [first!, ...others].map((key) => {
      const sum = (this.counters.get(key) ?? 0) + tokens;
      this.counters.set(key, sum);
      return sum;
    });
    return array(deadline - this.now, ...counters);
  }
}
