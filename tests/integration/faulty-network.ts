// The way between workers and a Redis in `settlement-faults.test.ts`, `quota-settlement.test.ts` and `reservation-chaos.test.ts`,
// on which commands and replies meet their fates.
import { pick, type Random } from "../support/calls.ts";
import { isChange } from "./charge-books.ts";
import { fateOf, LATEST, TIMEOUT, type Fate } from "./fault-plan.ts";
import type { Books, Sent } from "./books.ts";
import { FaultyRedis, type Reply } from "./faulty-redis.ts";
import { Worker, type Plugin } from "./faulty-worker.ts";
import { Losses } from "./losses.ts";

/** The clock of Redis is moved on when it is behind by more. */
const BEHIND = 5_000;

/** Takes the elements out of a list that fit. */
function take<T>(list: T[], fits: (one: T) => boolean): T[] {
  const taken = list.filter(fits);
  if (taken.length > 0) list.splice(0, list.length, ...list.filter((one) => !fits(one)));
  return taken;
}

/** The workers, Redis, and the network between them. */
export class FaultyNetwork<B extends Books> {
  readonly losses: Losses;
  readonly workers: Worker[];
  readonly fates: Partial<Record<Fate | "the connection breaks" | "Redis is killed", number>> = {};
  faults = true;
  state: "up" | "still" | "lost" | "down" = "up";
  private deaths = 0;
  /** When Redis was last away. */
  private lastAway = -Infinity;
  /** What becomes of the next commands among which is a charge. */
  following: "kill" | "outage" | null = null;
  /** Those that will have failed at a time if no reply has come. */
  private readonly waiting: (Sent & { at: number })[] = [];
  /** Replies, and commands, that are on their way until a time. */
  private readonly lateReplies: (Sent & { at: number; reply: Reply })[] = [];
  private readonly lateCommands: (Sent & { at: number })[] = [];
  /** What has gathered while Redis stands still. */
  private readonly gathered: Sent[] = [];

  private constructor(
    private readonly next: Random,
    private readonly redis: FaultyRedis,
    /** The filters that a call meets, in this order, in each gateway. */
    readonly gateways: Worker[][],
    readonly books: B,
    public clock: number,
  ) {
    this.workers = gateways.flat();
    this.losses = new Losses(this.workers, () => this.clock - this.lastAway);
  }

  /** Two gateways with these filters, and a Redis that keeps its data in a directory. */
  static async begin<B extends Books>(
    directory: string,
    next: Random,
    books: B,
    ...plugins: readonly Plugin[]
  ): Promise<FaultyNetwork<B>> {
    const redis = await FaultyRedis.start(directory);
    const now = Date.now();
    const gateway = (connection: number): Promise<Worker[]> =>
      Promise.all(plugins.map((plugin) => Worker.start(plugin, now, connection)));
    return new FaultyNetwork(next, redis, [await gateway(1), await gateway(2)], books, now);
  }

  get isBusy(): boolean {
    const owed = this.waiting.length + this.lateCommands.length + this.lateReplies.length;
    return owed > 0 || this.workers.some(({ host }) => host.tickPeriod > 0 || host.pending.length > 0);
  }

  /** Time passes, and all that happens meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    this.clock += milliseconds;
    if (this.state !== "up") this.lastAway = this.clock;
    for (const { host, roots } of this.workers) host.pass(roots, milliseconds);
    for (const one of take(this.waiting, ({ at }) => at <= this.clock)) this.deliver(one, null);
    for (const one of take(this.lateReplies, ({ at }) => at <= this.clock)) this.hand(one, one.reply);
    if (this.state === "up" && this.redis.behind(this.clock) > BEHIND) await this.catchUp();
    const sent = this.workers.flatMap((worker) =>
      worker.host.pending.splice(0).map((command) => ({ worker, command })),
    );
    if (this.state === "down") for (const one of sent) this.deliver(one, null);
    else if (this.state !== "up") this.hold(sent);
    else if (sent.length > 0) await this.carry(sent);
  }

  /** Redis stands still no more: its clock shows the time, and then it reads what has gathered in its sockets. */
  async goOn(): Promise<void> {
    this.state = "up";
    await this.catchUp();
    const gathered = this.gathered.splice(0);
    const replies = await this.redis.run(gathered.map(({ command }) => command.args));
    for (const [i, sent] of gathered.entries()) {
      this.books.answered(sent, replies[i]!);
      for (const one of take(this.waiting, ({ command }) => command === sent.command))
        this.deliver(one, replies[i]!);
    }
  }

  /** Redis can be reached again. */
  async comeBack(): Promise<void> {
    this.state = "up";
    await this.catchUp();
  }

  /** Starts a replica of Redis, which has all that Redis has. */
  async replicate(): Promise<void> {
    await this.redis.replicate();
  }

  /** A planned failover: the replica has everything, and Redis refuses what still comes, until `takeOver`. */
  async handOver(): Promise<void> {
    await this.catchUp();
    await this.redis.handOver();
  }

  /** The network between Redis and its replica breaks, so the replica becomes a master; when Redis is killed, it takes over. */
  async promoteReplica(): Promise<void> {
    await this.redis.promoteReplica();
  }

  /** The workers find the replica in place of Redis. */
  async takeOver(): Promise<void> {
    await this.redis.takeOver();
  }

  /** A gateway dies, with all that it has in flight, and another takes its place. */
  async die(index: number): Promise<Worker[]> {
    const dead = this.gateways[index]!;
    const now = this.workers[0]!.host.now;
    const born = await Promise.all(dead.map(({ plugin }) => Worker.start(plugin, now, 100 + ++this.deaths)));
    for (const worker of dead) worker.isDead = true;
    this.gateways[index] = born;
    this.workers.splice(0, this.workers.length, ...this.gateways.flat());
    return dead;
  }

  async flushScripts(): Promise<void> {
    await this.redis.ask("SCRIPT", "FLUSH");
  }

  /** Empties Redis, when no command is on its way to it. */
  async flush(): Promise<void> {
    await this.catchUp(Infinity);
    await this.redis.flush();
  }

  /** What is held, by the names of the hashes that keep it. */
  async held(): Promise<Map<string, number>> {
    const names = (await this.redis.ask("KEYS", "*:held:*"))
      .split("\r\n")
      .filter((line) => line.includes(":"));
    const sums = new Map<string, number>();
    for (const name of names) {
      const [size, sum] = (await this.redis.ask("HGET", name, "sum")).split("\r\n");
      if (size !== "$-1") sums.set(name, Number(sum));
    }
    return sums;
  }

  /** Gives a balance so many tokens. */
  async grant(balance: string, tokens: number): Promise<void> {
    await this.redis.ask("SET", balance, String(tokens));
  }

  /** What Redis holds: counters and balances, by their keys. */
  async counters(): Promise<Map<string, number>> {
    const names = (await this.redis.ask("KEYS", "*:*")).split("\r\n").filter((line) => line.includes(":"));
    const counters = new Map<string, number>();
    for (const name of names.filter((key) => !/:(charge|answer|held):/.test(key)))
      counters.set(name, Number((await this.redis.ask("GET", name)).split("\r\n")[1]));
    return counters;
  }

  stop(): Promise<void> {
    return this.redis.stop();
  }

  metric(name: string): number {
    return this.workers.reduce((sum, worker) => sum + worker.metric(name), 0);
  }

  /** Moves the clock of Redis on, and has the commands arrive that are due, or those that are until another time. */
  private async catchUp(until = this.clock): Promise<void> {
    await this.redis.moveTo(this.clock);
    const due = take(this.lateCommands, ({ at }) => at <= until);
    const replies = await this.redis.run(due.map(({ command }) => command.args));
    for (const [i, sent] of due.entries()) this.books.answered(sent, replies[i]!);
  }

  private async carry(sent: Sent[]): Promise<void> {
    // Nobody can say whether a change without a reply was made, so connections break without one.
    const mayBreak = !sent.some(({ command }) => isChange(command));
    const following = mayBreak && sent.some((one) => this.marks(one)) ? this.following : null;
    const isCut = this.faults && mayBreak && this.next() < 0.02;
    if (following !== null) this.following = null;
    if (following === "kill" || isCut) return this.breakUp(sent, following === "kill");
    const fated = sent.map((one) => {
      const fate = following === "outage" ? "its reply is lost" : this.draw();
      if (this.marks(one)) this.fates[fate] = (this.fates[fate] ?? 0) + 1;
      return { ...one, fate };
    });
    if (following === "outage") this.state = "lost";
    const reaching = fated.filter(({ fate }) => !/^it (is lost|is refused|comes late)$/.test(fate));
    const replies = await this.redis.run(reaching.map(({ command }) => command.args));
    const strays: (Sent & { reply: Reply })[] = [];
    for (const one of fated) {
      const reply = replies[reaching.indexOf(one)] ?? null;
      this.books.answered(one, reply);
      const at = this.clock + TIMEOUT;
      switch (one.fate) {
        case "it is answered":
          this.deliver(one, reply);
          break;
        case "it is refused":
          this.deliver(
            one,
            Buffer.from(`-${pick(this.next, "LOADING", "BUSY", "READONLY", "CLUSTERDOWN")} no\r\n`),
          );
          break;
        case "it is carried out, and a proxy says that it failed":
          this.deliver(one, Buffer.from("-ERR upstream failure\r\n"));
          break;
        case "its reply goes to another":
          strays.push({ ...one, reply });
          break;
        case "its reply comes late":
          this.lateReplies.push({ ...one, reply, at: at + this.next() * 10_000 });
          this.waiting.push({ ...one, at });
          break;
        case "it comes late":
          this.lateCommands.push({ ...one, at: this.clock + this.next() ** 2 * LATEST });
          this.waiting.push({ ...one, at });
          break;
        default:
          this.waiting.push({ ...one, at });
      }
    }
    // Each gets the reply of the next one; who is alone gets its own.
    for (const [i, one] of strays.entries()) {
      if (strays.length === 1) this.deliver(one, one.reply);
      else this.hand(one, strays[(i + 1) % strays.length]!.reply);
    }
  }

  /** The connection breaks, or Redis is killed, while commands are carried out. */
  private async breakUp(sent: Sent[], isKilled: boolean): Promise<void> {
    const commands = sent.map(({ command }) => command.args);
    const replies = isKilled
      ? await this.redis.runAndKill(commands)
      : await this.redis.runAndCut(commands, Math.floor(this.next() * (commands.length + 1)));
    // It is there again at once, so as to be asked; the workers cannot reach it for a while.
    if (isKilled) await this.redis.restart();
    for (const [i, one] of sent.entries()) {
      const reply = replies[i]!;
      this.books.answered(one, reply);
      // What was carried out without a reply has left its marker.
      const marker = this.books.markerOf(one.command);
      if (marker !== null) {
        const name = isKilled ? "Redis is killed" : "the connection breaks";
        this.fates[name] = (this.fates[name] ?? 0) + 1;
        this.books.found(one, await this.valueOf(marker));
      }
      this.deliver(one, reply);
    }
  }

  /** What a key holds; null for nothing. */
  async valueOf(key: string): Promise<string | null> {
    const [size, value = ""] = (await this.redis.ask("GET", key)).split("\r\n");
    return size === "$-1" ? null : value;
  }

  private marks({ command }: Sent): boolean {
    return this.books.markerOf(command) !== null;
  }

  private hold(sent: Sent[]): void {
    for (const one of sent) this.waiting.push({ ...one, at: this.clock + TIMEOUT });
    if (this.state === "still") this.gathered.push(...sent);
  }

  private draw(): Fate {
    return this.faults ? fateOf(this.next) : "it is answered";
  }

  /** Hands a reply to the one who waits for it; null when it has none in time. */
  private deliver(one: Sent, reply: Reply): void {
    this.books.heard(one, reply);
    this.hand(one, reply);
  }

  private hand({ worker, command }: Sent, reply: Reply): void {
    if (worker.isDead || worker.host.deletedRoots.includes(command.root)) return;
    this.losses.hears(worker, command, reply);
    worker.host.deliver(command.root, command.token, reply === null ? 1 : 0, reply);
  }
}
