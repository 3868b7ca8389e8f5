// A real Redis whose clock the test moves, and a connection to it that the test breaks.
//
// What Redis holds depends on the time by nothing but expiries. So to move its clock on by 90 seconds is to bring each
// expiry 90 seconds closer, all at once, and to give it deadlines in its own time. Its scripts are run as they are.
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { RedisConnection } from "../../gateway/src/redis/connection.ts";

/** A command, and what Redis answered; null when nobody was there to hear it. */
export type Command = readonly Buffer[];
export type Reply = Buffer | null;

const MOVE = `for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`;

/** Where the deadline of a charge stands among the arguments of its command; -1 in any other command. */
export function deadlineAt(command: Command): number {
  const keys = Number(command[2]);
  // A charge has at least a counter and a marker.
  return keys > 1 && command.length - 3 - keys === keys + 2 ? 3 + keys + 1 : -1;
}

export class FaultyRedis {
  /** How far the clock was moved on, in milliseconds. */
  private ahead = 0;
  private connection: RedisConnection | null = null;

  private constructor(
    private readonly directory: string,
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
    const by = this.behind(now);
    if (by <= 0) return;
    await this.ask("EVAL", MOVE, "0", String(by));
    this.ahead += by;
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

  /** Starts it again after it was killed. */
  async restart(): Promise<void> {
    this.server = await startDurable(this.directory, this.server.port);
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
    return at < 0
      ? command
      : command.with(at, Buffer.from(String(Math.round(Number(command[at]) - this.ahead))));
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

function startDurable(directory: string, port?: number): Promise<RedisServer> {
  const settings = ["--appendfsync", "always"];
  return startRedisServer({ directory, settings, ...(port === undefined ? {} : { port }) });
}

function encode(command: Command): Buffer {
  const parts = command.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...parts]);
}
