// Scenario: 20,000 calls at once and at random through two workers that share a real Redis, while all goes wrong that may:
// replies and commands are lost, come late, or come to somebody else; connections break within a command; Redis refuses,
// stands still for 90 seconds, is killed and started again, forgets its scripts, is emptied; configurations are pushed.
// At the end each counter holds exactly what its calls were worth, and what is missing is exactly what was counted as lost.
//
// All clocks are the test's (`faulty-redis.ts`). What a call is worth is told by an instance of the filter to which nothing
// happens. FUZZ_SEED repeats a run, but for what a broken connection and a killed Redis leave to chance.
//
// An operator who empties Redis (FLUSHALL) throws the counters away, and the markers with them. From then on the counters
// hold exactly what the filter did not know to be charged at that moment, and all that came later.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { newCall, pick, play, randomOf, worth, type Call } from "../support/calls.ts";
import { chargeOf, MODULES, REDIS, start } from "../support/filter.ts";
import { SEED } from "../support/fuzz.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";
import { FaultyRedis, type Reply } from "./faulty-redis.ts";

const CALLS = Number(process.env.SETTLEMENT_CALLS ?? 20_000);
const AT_ONCE = 60;
const TIMEOUT = 1_000;
const STANDSTILL = 90_000;
/** Longer than a charge is tried of which nobody knows whether it was made. */
const OUTAGE = 150_000;
/** A command may be on its way for longer than its charge may be made. */
const LATEST = 200_000;
/** The clock of Redis is moved on when it is behind by more. */
const BEHIND = 5_000;

const config = (version: number): object => ({
  rule_name: "r",
  rule_mode: "all_match",
  rejected_msg: `version ${version}`,
  rule_items: [
    {
      limit_by_header: "x-api-key",
      limit_keys: [
        { key: "tight", token_per_day: 20_000 },
        { key: "loose", token_per_day: 1_000_000_000 },
      ],
    },
    { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_day: 1_000_000_000 }] },
  ],
  token_weights: { input: 0.5, output: 3 },
  redis: { ...REDIS, timeout: TIMEOUT },
});

/** What becomes of a command, and how often in a thousand; all others are answered. */
const FATES = {
  "its reply is lost": 30,
  "it is lost": 10,
  "it comes late": 20,
  "its reply comes late": 10,
  "its reply goes to another": 10,
  "it is refused": 10,
  "it is carried out, and a proxy says that it failed": 5,
};
type Fate = keyof typeof FATES | "it is answered";

const EVENTS = [
  ...Array<"standstill">(4).fill("standstill"),
  ...Array<"kill">(4).fill("kill"),
  ...Array<"push">(6).fill("push"),
  ...Array<"reload">(3).fill("reload"),
  ...Array<"script flush">(4).fill("script flush"),
  "outage" as const,
  "flush" as const,
];

const [, FILE] = MODULES[0];
const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-faults-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const next = randomOf(SEED);
const add = (map: Map<string, number>, key: string, by: number): void =>
  void map.set(key, (map.get(key) ?? 0) + by);
const isCharge = ({ args }: RedisCommand): boolean =>
  args.length - 3 - Number(args[2]) === Number(args[2]) + 2;

/** Takes the elements out of a list that fit. */
function take<T>(list: T[], fits: (one: T) => boolean): T[] {
  const taken = list.filter(fits);
  if (taken.length > 0) list.splice(0, list.length, ...list.filter((one) => !fits(one)));
  return taken;
}

/** What the filter ought to have charged, what Redis has made of it, and what the filter knows of that. */
class Ledger {
  /** By counter: what its calls were worth. */
  readonly expected = new Map<string, number>();
  /** What all calls were worth; each is counted once, however many counters it has. */
  worth = 0;
  /** By marker. */
  private readonly made = new Map<string, ReturnType<typeof chargeOf>>();
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

/** A filter, with the root contexts of the configurations that it has had. */
class Worker {
  readonly roots = [1];
  /** How many streams each of them has. */
  private readonly streams = new Map<number, number>();
  private version = 1;

  private constructor(readonly host: StrictHost) {}

  static async start(now: number, connection: number): Promise<Worker> {
    const worker = new Worker(await start(FILE));
    worker.host.now = now;
    // All clocks read the same, so this alone tells the workers' charges apart.
    worker.host.properties.set("connection.id", String(connection));
    expect(worker.host.configure(1, config(1))).toBe(true);
    return worker;
  }

  get root(): number {
    return this.roots.at(-1)!;
  }

  opened(root: number): void {
    this.streams.set(root, (this.streams.get(root) ?? 0) + 1);
  }

  closed(root: number): void {
    this.streams.set(root, this.streams.get(root)! - 1);
    this.leave(root);
  }

  /** A configuration in place of the one of the same root context. */
  reload(): void {
    expect(this.host.reconfigure(this.root, config(++this.version))).toBe(true);
  }

  /** A configuration with a root context of its own; the old one goes when its streams have. */
  push(): void {
    const old = this.root;
    this.roots.push(old + 1);
    expect(this.host.configure(old + 1, config(++this.version))).toBe(true);
    this.leave(old);
  }

  private leave(root: number): void {
    if (root === this.root || (this.streams.get(root) ?? 0) > 0) return;
    this.host.done(root);
  }
}

interface Sent {
  worker: Worker;
  command: RedisCommand;
}

/** The workers, Redis, and the network between them. */
class Scene {
  clock = Date.now();
  readonly ledger = new Ledger();
  readonly fates: Partial<Record<Fate | "the connection breaks" | "Redis is killed", number>> = {};
  faults = true;
  state: "up" | "still" | "lost" | "down" = "up";
  /** What becomes of the next commands among which is a charge. */
  following: "kill" | "outage" | null = null;
  workers!: Worker[];
  private redis!: FaultyRedis;
  /** Those that will have failed at a time if no reply has come. */
  private readonly waiting: (Sent & { at: number })[] = [];
  /** Replies, and commands, that are on their way until a time. */
  private readonly lateReplies: (Sent & { at: number; reply: Reply })[] = [];
  private readonly lateCommands: { at: number; command: RedisCommand }[] = [];
  /** What has gathered while Redis stands still. */
  private readonly gathered: Sent[] = [];

  static async begin(): Promise<Scene> {
    const scene = new Scene();
    scene.redis = await FaultyRedis.start(directory);
    scene.workers = [await Worker.start(scene.clock, 1), await Worker.start(scene.clock, 2)];
    return scene;
  }

  get isBusy(): boolean {
    const owed = this.waiting.length + this.lateCommands.length + this.lateReplies.length;
    return owed > 0 || this.workers.some(({ host }) => host.tickPeriod > 0 || host.pending.length > 0);
  }

  /** Time passes, and all that happens meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    this.clock += milliseconds;
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
    for (const [i, { command }] of gathered.entries()) {
      this.ledger.answered(command, replies[i]!);
      for (const one of take(this.waiting, (other) => other.command === command))
        this.deliver(one, replies[i]!);
    }
  }

  /** Redis can be reached again. */
  async comeBack(): Promise<void> {
    this.state = "up";
    await this.catchUp();
  }

  async flushScripts(): Promise<void> {
    await this.redis.ask("SCRIPT", "FLUSH");
  }

  /** Empties Redis, when no command is on its way to it. */
  async flush(): Promise<void> {
    await this.catchUp(Infinity);
    await this.redis.ask("FLUSHALL");
    this.ledger.flushed();
  }

  /** What Redis holds. */
  async counters(): Promise<Map<string, number>> {
    const names = (await this.redis.ask("KEYS", "higress-token-ratelimit:*")).split("\r\n");
    const counters = new Map<string, number>();
    for (const name of names.filter((line) => line.startsWith("higress") && !line.includes(":charge:")))
      counters.set(name, Number((await this.redis.ask("GET", name)).split("\r\n")[1]));
    return counters;
  }

  stop(): Promise<void> {
    return this.redis.stop();
  }

  metric(name: string): number {
    return this.workers.reduce(
      (sum, { host }) => sum + Number(host.metrics.get(`ai_token_ratelimit.${name}`) ?? 0n),
      0,
    );
  }

  /** Moves the clock of Redis on, and has the commands arrive that are due, or those that are until another time. */
  private async catchUp(until = this.clock): Promise<void> {
    await this.redis.moveTo(this.clock);
    const due = take(this.lateCommands, ({ at }) => at <= until);
    const replies = await this.redis.run(due.map(({ command }) => command.args));
    for (const [i, { command }] of due.entries()) this.ledger.answered(command, replies[i]!);
  }

  private async carry(sent: Sent[]): Promise<void> {
    const following = sent.some(({ command }) => isCharge(command)) ? this.following : null;
    const isCut = this.faults && next() < 0.02;
    if (following !== null) this.following = null;
    if (following === "kill" || isCut) return this.breakUp(sent, following === "kill");
    const fated = sent.map((one) => {
      const fate = following === "outage" ? "its reply is lost" : this.draw();
      if (isCharge(one.command)) this.fates[fate] = (this.fates[fate] ?? 0) + 1;
      return { ...one, fate };
    });
    if (following === "outage") this.state = "lost";
    const reaching = fated.filter(({ fate }) => !/^it (is lost|is refused|comes late)$/.test(fate));
    const replies = await this.redis.run(reaching.map(({ command }) => command.args));
    const strays: (Sent & { reply: Reply })[] = [];
    for (const one of fated) {
      const reply = replies[reaching.indexOf(one)] ?? null;
      this.ledger.answered(one.command, reply);
      const at = this.clock + TIMEOUT;
      switch (one.fate) {
        case "it is answered":
          this.deliver(one, reply);
          break;
        case "it is refused":
          this.deliver(
            one,
            Buffer.from(`-${pick(next, "LOADING", "BUSY", "READONLY", "CLUSTERDOWN")} no\r\n`),
          );
          break;
        case "it is carried out, and a proxy says that it failed":
          this.deliver(one, Buffer.from("-ERR upstream failure\r\n"));
          break;
        case "its reply goes to another":
          strays.push({ ...one, reply });
          break;
        case "its reply comes late":
          this.lateReplies.push({ ...one, reply, at: at + next() * 10_000 });
          this.waiting.push({ ...one, at });
          break;
        case "it comes late":
          this.lateCommands.push({ command: one.command, at: this.clock + next() ** 2 * LATEST });
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
      : await this.redis.runAndCut(commands, Math.floor(next() * (commands.length + 1)));
    // It is there again at once, so as to be asked; the workers cannot reach it for a while.
    if (isKilled) await this.redis.restart();
    for (const [i, one] of sent.entries()) {
      const reply = replies[i]!;
      this.ledger.answered(one.command, reply);
      // What was carried out without a reply has left its marker.
      if (isCharge(one.command)) {
        const name = isKilled ? "Redis is killed" : "the connection breaks";
        this.fates[name] = (this.fates[name] ?? 0) + 1;
        const found = await this.redis.ask("EXISTS", chargeOf(one.command).marker);
        if (found === ":1\r\n") this.ledger.carriedOut(one.command);
      }
      this.deliver(one, reply);
    }
  }

  private hold(sent: Sent[]): void {
    for (const one of sent) this.waiting.push({ ...one, at: this.clock + TIMEOUT });
    if (this.state === "still") this.gathered.push(...sent);
  }

  private draw(): Fate {
    let draw = this.faults ? next() * 1000 : 1000;
    for (const [fate, times] of Object.entries(FATES)) if ((draw -= times) < 0) return fate as Fate;
    return "it is answered";
  }

  /** Hands a reply to the one who waits for it; null when it has none in time. */
  private deliver(one: Sent, reply: Reply): void {
    this.ledger.heard(one.command, reply);
    this.hand(one, reply);
  }

  private hand({ worker, command }: Sent, reply: Reply): void {
    if (worker.host.deletedRoots.includes(command.root)) return;
    worker.host.deliver(command.root, command.token, reply === null ? 1 : 0, reply);
  }
}

it(`settles ${CALLS} calls exactly, whatever happens`, { timeout: 240_000 }, async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  const reference = await start(FILE, config(0));
  const scene = await Scene.begin();
  const { ledger } = scene;
  const running = new Map<
    number,
    { worker: Worker; root: number; call: Call; steps: Generator<void> | null }
  >();
  let started = 0;
  let rejected = 0;

  /** Calls begin, go on, and end. */
  const playOn = (): void => {
    while (running.size < AT_ONCE && started < CALLS) {
      const id = 1000 + started++;
      const worker = pick(next, ...scene.workers);
      const { host, root } = worker;
      const call = newCall(next);
      worker.opened(root);
      host.request(id, root, call.headers, false);
      running.set(id, { worker, root, call, steps: null });
    }
    for (const [id, one] of [...running]) {
      if (next() < 0.4) continue;
      const { host } = one.worker;
      const stream = host.streams.get(id)!;
      let isOver = false;
      if (one.steps !== null) {
        isOver = one.steps.next().done === true;
      } else if (stream.localResponse !== null || (stream.continued === 0 && next() < 0.002)) {
        // Rejected; or its client does not wait for Redis.
        if (stream.localResponse !== null) rejected++;
        host.end(id);
        isOver = true;
      } else if (stream.continued > 0) {
        ledger.admitted(worth(reference, id, one.call));
        one.steps = play(host, id, one.call);
        one.steps.next();
      }
      if (!isOver) continue;
      running.delete(id);
      one.worker.closed(one.root);
    }
  };
  /** So much time passes, with calls and without anything else happening. */
  const goOn = async (milliseconds: number, step = 500): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += step) {
      playOn();
      await scene.pass(step);
    }
  };
  const happen = async (event: (typeof EVENTS)[number]): Promise<void> => {
    switch (event) {
      case "standstill":
        scene.state = "still";
        await goOn(STANDSTILL / 2);
        if (next() < 0.5) pick(next, ...scene.workers).push();
        await goOn(STANDSTILL / 2);
        return scene.goOn();
      case "kill":
        scene.following = "kill";
        while (scene.following !== null) await goOn(50, 50);
        scene.state = "down";
        await goOn(5_000 + next() * 30_000);
        return scene.comeBack();
      case "outage":
        scene.following = "outage";
        while (scene.following !== null) await goOn(50, 50);
        await goOn(OUTAGE);
        return scene.comeBack();
      case "push":
        return pick(next, ...scene.workers).push();
      case "reload":
        return pick(next, ...scene.workers).reload();
      case "script flush":
        return scene.flushScripts();
      case "flush":
        return scene.flush();
    }
  };

  const events = EVENTS.map((event) => ({ event, order: next() })).sort((a, b) => a.order - b.order);
  const every = CALLS / (events.length + 1);
  for (let happened = 0; started < CALLS || running.size > 0;) {
    await goOn(50, 50);
    const due = events[happened];
    if (due === undefined || started < (happened + 1) * every) continue;
    happened++;
    await happen(due.event);
  }
  scene.faults = false;
  while (scene.isBusy) await scene.pass(500);

  const counters = await scene.counters();
  await scene.stop();
  const lost = scene.metric("lost_tokens");
  const charged = scene.metric("charged_tokens");
  const { repeated, refused } = ledger;
  const missing = [...ledger.expected]
    .filter(([key]) => key.includes("limit_by_per_header"))
    .reduce((sum, [key, tokens]) => sum + tokens - (counters.get(key) ?? 0), 0);
  const summary = {
    lost,
    charged,
    missing,
    unheard: ledger.unheard,
    rejected,
    repeated,
    refused,
    fates: scene.fates,
  };
  console.log(JSON.stringify(summary));

  // Each charge that was made is in its counters once.
  const sorted = (map: Map<string, number>): object => Object.fromEntries([...map].sort());
  expect(sorted(counters)).toEqual(sorted(ledger.counted));
  // Each call is charged or lost, and what is missing was lost; what was charged without a reply may be counted as lost.
  expect(charged + lost).toBe(ledger.worth);
  expect(lost).toBe(missing + ledger.unheard);
  for (const [key, tokens] of ledger.expected)
    expect(counters.get(key) ?? 0, key).toBeLessThanOrEqual(tokens);
  // The outage takes longer than charges wait of which nobody knows; hardly anything else is lost.
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThan(0.2 * ledger.worth);
  // The scene was what it promises to be.
  expect(repeated).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(10);
  expect(rejected).toBeGreaterThan(100);
  expect(Object.keys(scene.fates)).toHaveLength(Object.keys(FATES).length + 3);
  // Nobody is left behind.
  for (const { host } of scene.workers) expect([...host.ending]).toEqual([]);
});
