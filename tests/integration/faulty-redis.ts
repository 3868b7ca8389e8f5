// A real Redis whose clock the test moves, and a connection to it that the test breaks.
//
// What Redis holds depends on the time by expiries, and by what scripts have read from its clock. So to move its clock on by 90
// seconds is to bring each expiry 90 seconds closer, all at once, to give it deadlines in its own time, and to have scripts that
// read the clock add 90 seconds. Otherwise scripts are run as they are.
import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { RedisConnection } from "../../gateway/src/redis/connection.ts";
import { eventually } from "../support/stack.ts";

/** A command, and what Redis answered; null when nobody was there to hear it. */
export type Command = readonly Buffer[];
export type Reply = Buffer | null;

/** Where Redis keeps by how many seconds its scripts are ahead of its clock. */
const AHEAD = "ahead";
const SECONDS = `redis.call('TIME')[1] + (redis.call('GET', '${AHEAD}') or 0)`;
const MOVE = `for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end
redis.call('INCRBY', '${AHEAD}', ARGV[1] / 1000)`;

/** A script that reads the clock reads that of the test. */
const inTestTime = (script: string): string =>
  script
    .replace(/'PEXPIREAT',(KEYS\[\d+\]),ARGV\[3\]/g, `'PEXPIRE',$1,ARGV[3] - (${SECONDS}) * 1000`)
    .replace("=redis.call('TIME')", `={ ${SECONDS}, redis.call('TIME')[2] }`);

const digestOf = (script: string): string => createHash("sha1").update(script).digest("hex");

/** Where the deadline of a charge stands among the arguments of its command; -1 in any other command. */
export function deadlineAt(command: Command): number {
  const keys = Number(command[2]);
  // A charge has at least a counter and a marker.
  return keys > 1 && command.length - 3 - keys === keys + 2 ? 3 + keys + 1 : -1;
}

export class FaultyRedis {
  /** How far the clock was moved on, in milliseconds: whole seconds. */
  private ahead = 0;
  /** By the digest of a script that reads the clock: that of the one that reads the clock of the test. */
  private readonly digests = new Map<string, string>();
  /** A copy that takes its place at the next restart. */
  private replica: { server: RedisServer; client: Redis; directory: string } | null = null;
  private connection: RedisConnection | null = null;

  private constructor(
    private directory: string,
    private server: RedisServer,
  ) {}

  /** Starts a Redis that has on disk what it has answered to. */
  static async start(directory: string): Promise<FaultyRedis> {
    return new FaultyRedis(directory, await startDurable(directory));
  }

  /** How far its clock is behind `now`, in milliseconds. */
  behind(now: number): number {
    return now - (Date.now() + this.ahead);
  }

  /** Moves its clock on to `now`. */
  async moveTo(now: number): Promise<void> {
    const by = Math.floor(this.behind(now) / 1000) * 1000;
    if (by <= 0) return;
    await this.move(by);
    this.ahead += by;
  }

  private async move(by: number): Promise<void> {
    await this.ask("EVAL", MOVE, "0", String(by));
  }

  /** Has commands carried out, one after the other. */
  run(commands: readonly Command[]): Promise<Reply[]> {
    return this.send(commands);
  }

  /** The same, but the connection is closed behind so many of them, within the next one. */
  async runAndCut(commands: readonly Command[], whole: number): Promise<Reply[]> {
    // It stands, so that what is written to it arrives.
    await this.ask("PING");
    const replies = this.send(commands, (bytes, at) => bytes.subarray(0, (at(whole) + at(whole + 1)) >> 1));
    this.connection?.close();
    const answered = await replies;
    // What has arrived is carried out before this: each round of Redis' event loop looks at all connections.
    for (let i = 0; i < 3; ++i) await this.ask("PING");
    return answered;
  }

  /** The same, but Redis is killed meanwhile. */
  async runAndKill(commands: readonly Command[]): Promise<Reply[]> {
    const replies = this.run(commands);
    await new Promise((resolve) => setImmediate(resolve));
    await this.server.stop();
    return replies;
  }

  /** Starts it again after it was killed; or has its replica take over. */
  async restart(): Promise<void> {
    if (this.replica === null) this.server = await startDurable(this.directory, this.server.port);
    else await this.takeOver();
  }

  /** Starts a replica, which has all that it has itself, and gets what it carries out from now on. */
  async replicate(): Promise<void> {
    const settings = ["--replicaof", this.server.host, String(this.server.port)];
    const directory = mkdtempSync(join(this.directory, "replica-"));
    const server = await startDurable(directory, undefined, settings);
    const client = new Redis(server.port, server.host);
    this.replica = { server, client, directory };
    await eventually(
      async () => ((await this.ask("INFO", "replication")).includes("state=online") ? true : undefined),
      20_000,
    );
  }

  /** Makes the replica a master that has everything, as a planned failover does. What is asked here is refused from then on. */
  async handOver(): Promise<void> {
    const { server, client } = this.replica!;
    await this.ask("FAILOVER", "TO", server.host, String(server.port));
    await eventually(
      async () => ((await client.info("replication")).includes("role:master") ? true : undefined),
      20_000,
    );
  }

  /** Makes the replica a master behind its back, as if the network between them had broken: what comes now, it will not have. */
  async promoteReplica(): Promise<void> {
    await this.replica!.client.call("REPLICAOF", "NO", "ONE");
  }

  /** Ends it; commands go to the replica from now on. */
  async takeOver(): Promise<void> {
    this.connection?.close();
    await this.server.stop();
    this.replica!.client.disconnect();
    this.server = this.replica!.server;
    this.directory = this.replica!.directory;
    this.replica = null;
    await this.move(this.ahead - 1000 * Number((await this.ask("GET", AHEAD)).split("\r\n")[1] ?? 0));
  }

  /** Empties it. */
  async flush(): Promise<void> {
    await this.ask("FLUSHALL");
    await this.ask("SET", AHEAD, String(this.ahead / 1000));
  }

  /** One command of the test's own; it must have an answer that is no error. */
  async ask(...words: string[]): Promise<string> {
    const [reply] = await this.send([words.map((word) => Buffer.from(word))]);
    if (!reply || reply[0] === 0x2d) throw new Error(`${words[0]}: ${reply?.toString()}`);
    return reply.toString();
  }

  async stop(): Promise<void> {
    this.connection?.close();
    await this.server.stop();
    this.replica?.client.disconnect();
    await this.replica?.server.stop();
  }

  /** Sends commands at once, or the part of their bytes that `cut` leaves; `at` tells where each of them begins. */
  private send(
    commands: readonly Command[],
    cut: (bytes: Buffer, at: (index: number) => number) => Buffer = (bytes) => bytes,
  ): Promise<Reply[]> {
    if (commands.length === 0) return Promise.resolve([]);
    const connection = (this.connection ??= this.connect());
    const encoded = commands.map((command) => encode(this.inItsTime(command)));
    const at = (index: number): number =>
      encoded.slice(0, index).reduce((sum, { length }) => sum + length, 0);
    const bytes = cut(Buffer.concat(encoded), at);
    return Promise.all(
      commands.map(
        (_, i) =>
          new Promise<Reply>((resolve) => connection.send(i === 0 ? bytes : Buffer.alloc(0), resolve)),
      ),
    );
  }

  private inItsTime(command: Command): Command {
    const at = deadlineAt(command);
    if (at >= 0) return command.with(at, Buffer.from(String(Math.round(Number(command[at]) - this.ahead))));
    const text = String(command[1]);
    const own = this.digests.get(text);
    if (own !== undefined) return command.with(1, Buffer.from(own));
    const script = inTestTime(text);
    if (script === text) return command;
    this.digests.set(digestOf(text), digestOf(script));
    return command.with(1, Buffer.from(script));
  }

  private connect(): RedisConnection {
    const connection: RedisConnection = new RedisConnection(
      {
        address: { host: "127.0.0.1", port: this.server.port },
        username: "",
        password: "",
        database: 0,
        timeout: 60_000,
        connectTimeout: 10_000,
      },
      () => {
        if (this.connection === connection) this.connection = null;
      },
    );
    return connection;
  }
}

function startDurable(directory: string, port?: number, more: readonly string[] = []): Promise<RedisServer> {
  const settings = ["--appendfsync", "always", "--repl-diskless-sync-delay", "0", ...more];
  return startRedisServer({ directory, settings, ...(port === undefined ? {} : { port }) });
}

function encode(command: Command): Buffer {
  const parts = command.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...parts]);
}
