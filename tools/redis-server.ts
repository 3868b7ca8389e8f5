import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Redis server of our own, on a private port of the loopback interface, that keeps nothing on disk. */
export interface RedisServer {
  readonly host: string;
  readonly port: number;
  /** Its process, or that of the Docker client. */
  readonly pid: number;
  /** Ends it; it can be started again on the same port. */
  stop(): Promise<void>;
}

const IMAGE = process.env.REDIS_IMAGE ?? "redis:7-alpine";

export interface RedisServerOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Default: none. */
  readonly password?: string;
  /**
   * Where it keeps every write, so that a server started there later has them; default: it keeps nothing. Only for
   * `redis-server` itself.
   */
  readonly directory?: string;
  /** Further arguments of `redis-server`. */
  readonly settings?: readonly string[];
  /** Another server that takes the same arguments. */
  readonly program?: string;
}

/**
 * Starts Redis: `redis-server` from the PATH, else in Docker.
 * @throws if neither can be had, or if the server does not accept connections within 10 seconds
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const durable = options.directory !== undefined;
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "ai-token-ratelimit-redis-"));
  const { child, kill } = launch(
    options.program ?? "redis-server",
    port,
    directory,
    argumentsOf(port, options),
  );
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  // Nobody else ends the server when this process is ended in a hurry.
  process.once("exit", kill);

  const stop = async (): Promise<void> => {
    process.removeListener("exit", kill);
    kill();
    await exited;
    if (!durable) rmSync(directory, { recursive: true, force: true });
  };
  const died = exited.then(() => Promise.reject(new Error("redis-server could not be started")));
  try {
    await Promise.race([untilAccepting(port), died]);
  } catch (error) {
    await stop();
    throw error;
  }
  died.catch(() => undefined);
  return { host: "127.0.0.1", port, pid: child.pid!, stop };
}

function argumentsOf(port: number, { directory, settings = [], password }: RedisServerOptions): string[] {
  const durable = directory !== undefined;
  return [
    ...["--port", String(port), "--save", "", "--appendonly", durable ? "yes" : "no"],
    // With the default, Redis may answer up to two seconds before it writes, while an fsync is slow; a killed server
    // would then forget what it had confirmed. Without fsync it writes first, which outlives the process.
    ...(durable ? ["--appendfsync", "no"] : []),
    ...settings,
    ...(password === undefined ? [] : ["--requirepass", password]),
  ];
}

/** Starts the program, or Docker if there is none; `kill` ends what was started, whichever it is. */
function launch(
  program: string,
  port: number,
  directory: string,
  settings: readonly string[],
): { child: ChildProcess; kill: () => void } {
  if (spawnSync(program, ["--version"]).status === 0) {
    const args = [...settings, "--bind", "127.0.0.1", "--dir", directory];
    const child = spawn(program, args, { stdio: "ignore" });
    return { child, kill: () => child.kill("SIGKILL") };
  }
  const container = `ai-token-ratelimit-redis-${port}`;
  const run = ["run", "--rm", "--name", container, "-p", `127.0.0.1:${port}:${port}`, IMAGE, "redis-server"];
  return {
    child: spawn("docker", [...run, ...settings], { stdio: "ignore" }),
    kill: () => spawnSync("docker", ["rm", "--force", container], { stdio: "ignore" }),
  };
}

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function untilAccepting(port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await accepts(port))) {
    if (Date.now() > deadline) throw new Error(`Redis does not accept connections on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      // A port that Docker forwards accepts before Redis does, so ask for an answer.
      socket.write("PING\r\n");
    });
    socket.once("data", (reply) => {
      socket.destroy();
      // While it reads what it has on disk, it answers everything with this error.
      resolve(!reply.toString().startsWith("-LOADING"));
    });
    socket.once("close", () => resolve(false));
    socket.once("error", () => resolve(false));
  });
}
