// What Redis has made of holds and their settlements in `reservation-chaos.test.ts`, told by its replies alone.
import type { RedisCommand } from "../support/strict-host.ts";
import type { Books, Sent } from "./books.ts";
import type { Reply } from "./faulty-redis.ts";
import type { Worker } from "./faulty-worker.ts";

/** What a command says. Only these three change counters. */
interface Said {
  does: "hold" | "settle" | "charge";
  counters: string[];
  marker: string;
  /** What it asks for as input, or charges. */
  tokens: number;
}

/** What has become of a marker: what Redis holds under it, and what it has charged. */
interface Entry {
  worker: Worker;
  counters: string[];
  held: number;
  charged: number | null;
  /** What was charged by a master whose replica has taken over without knowing of it. */
  forgotten: number;
}

function read({ args }: RedisCommand): Said | null {
  const texts = args.map(String);
  const count = Number(texts[2]);
  const keys = texts.slice(3, 3 + count);
  const values = texts.slice(3 + count);
  const isHold = values[6] === "charge" || values[6] === "release";
  // A key for each counter, and one more; or two for each, and one more.
  const isCharge = count > 1 && values.length === count + 2;
  const isSettlement = count % 2 === 1 && values.length === 7 + (count - 1) / 2;
  if (isCharge) {
    const [first, marker, ...others] = keys as [string, string];
    return { does: "charge", counters: [first, ...others], marker, tokens: Number(values.at(-2)) };
  }
  if (!isHold && !isSettlement) return null;
  const counters = keys.filter((_, i) => i % 2 === 0 && i < count - 1);
  const tokens = Number(values[1]);
  return { does: isHold ? "hold" : "settle", counters, marker: keys.at(-1)!, tokens };
}

/** The parts of an array that a script returns; null for anything else. */
function partsOf(reply: Reply): string[] | null {
  const lines = reply?.toString().split("\r\n") ?? [];
  if (!lines[0]?.startsWith("*")) return null;
  return lines.slice(1, -1).filter((line) => !/^\$\d/.test(line));
}

export class HoldBooks implements Books {
  private readonly entries = new Map<string, Entry>();
  /** What has changed since the replica no longer gets what Redis does; null while it does. */
  private changed: Set<string> | null = null;
  /** How many holds Redis has made, and how many charges it has found made, or refused as too late. */
  holds = 0;
  repeated = 0;
  refused = 0;
  /** How many markers the replica did not have as the master had them. */
  diverged = 0;

  /** What a master held whose replica has taken over without knowing of it. */
  private readonly forgottenHolds: { counters: string[]; held: number }[] = [];

  /** @param sign 1 if charges raise counters, -1 if they lower balances */
  constructor(private readonly sign: 1 | -1) {}

  markerOf(command: RedisCommand): string | null {
    return read(command)?.marker ?? null;
  }

  answered(sent: Sent, reply: Reply): void {
    const said = read(sent.command);
    const parts = partsOf(reply);
    if (said === null || parts === null) return;
    const { does, counters, tokens } = said;
    if (parts.length === 1) this.repeated++;
    else if (parts[0] === ":-2") this.refused++;
    else if (does === "hold") {
      const [output, , correction] = parts.map((part) => Number(part.replace(":", "")));
      if (parts.at(-2) === "held") this.hold(sent, said, tokens + output! + correction!);
    } else if (parts.length === counters.length + 2) this.charge(sent, said);
    else throw new Error(`what does ${JSON.stringify(parts)} say to ${does}?`);
  }

  found(sent: Sent, marker: string | null): void {
    const said = read(sent.command)!;
    const entry = this.entries.get(said.marker);
    const held = Number(marker?.split(":")[1] ?? 0);
    if (said.does === "hold") {
      if (held > 0 && entry === undefined) this.hold(sent, said, held);
    } else if (marker !== null && held === 0 && (entry?.charged ?? null) === null) this.charge(sent, said);
  }

  heard(): void {
    // What filters hear decides nothing here.
  }

  /** From now on the replica is a master of its own, and does not get what the old one does. */
  diverge(): void {
    this.changed = new Set();
  }

  /** The replica has taken over. @param valueOf tells what it has under a marker */
  async converge(valueOf: (marker: string) => Promise<string | null>): Promise<void> {
    for (const marker of this.changed ?? []) {
      const entry = this.entries.get(marker)!;
      const value = await valueOf(marker);
      const held = Number(value?.split(":")[1] ?? 0);
      if (value !== "" && entry.charged !== null) {
        this.diverged++;
        entry.forgotten = entry.charged;
        entry.charged = null;
      }
      if (entry.held > held) this.forgottenHolds.push({ counters: entry.counters, held: entry.held - held });
      entry.held = held;
    }
    this.changed = null;
  }

  /** By counter: what it holds when every hold that is open has lapsed. @param charges whether those are charged then */
  counted(charges: boolean): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { counters, held, charged } of this.entries.values())
      for (const counter of counters)
        sums.set(counter, (sums.get(counter) ?? 0) + this.sign * ((charged ?? 0) + (charges ? held : 0)));
    return sums;
  }

  /**
   * By how much a counter may fall short of `counted`: a hold that nobody knows any more is not charged when it lapses, but one
   * that is settled after that is settled as if it had been.
   */
  shortfalls(counter: string): number[] {
    const forgotten = this.forgottenHolds.filter(({ counters }) => counters.includes(counter));
    const sums = forgotten.reduce(
      (known, { held }) => new Set([...known, ...[...known].map((sum) => sum + held)]),
      new Set([0]),
    );
    return [...sums];
  }

  /** The tokens that Redis has ever charged for a worker. */
  chargedFor(worker: Worker, counter: string): number {
    const own = [...this.entries.values()].filter(
      (entry) => entry.worker === worker && entry.counters.includes(counter),
    );
    return own.reduce((sum, { charged, forgotten }) => sum + (charged ?? forgotten), 0);
  }

  /** The tokens that are held, and never will be settled. */
  get lapsed(): number {
    return [...this.entries.values()].reduce((sum, { held }) => sum + held, 0);
  }

  private hold({ worker }: Sent, { counters, marker }: Said, amount: number): void {
    const entry = this.entries.get(marker);
    if (entry !== undefined && entry.held > 0) throw new Error(`${marker} is held twice`);
    this.holds++;
    this.entries.set(marker, {
      worker,
      counters,
      held: amount,
      charged: entry?.charged ?? null,
      forgotten: 0,
    });
    this.changed?.add(marker);
  }

  private charge({ worker }: Sent, { does, counters, marker, tokens }: Said): void {
    const entry = this.entries.get(marker);
    if (entry !== undefined && entry.charged !== null) throw new Error(`${marker} is charged twice`);
    this.entries.set(marker, {
      worker,
      counters,
      held: 0,
      charged: does === "charge" ? this.sign * tokens : tokens,
      forgotten: 0,
    });
    this.changed?.add(marker);
  }
}
