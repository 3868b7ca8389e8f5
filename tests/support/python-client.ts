// Official clients in Python: each runs in a process of its own, and makes the calls that a test asks it for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const root = resolve(import.meta.dirname, "../..");
const PACKAGES = join(root, "build/tools/python-clients");
/** `make test` obtains the clients, or says how to; in CI nothing is skipped. */
export const havePythonClients = Boolean(process.env.CI) || existsSync(PACKAGES);

/** What an application sees of an error; see tests/integration/python/calls.py. */
export interface Raised {
  /** Its class and those that it inherits, as `openai.RateLimitError`. */
  readonly classes: readonly string[];
  readonly message: string;
  readonly details: unknown;
  readonly headers: Readonly<Record<string, string>>;
}
export interface Answer<T> {
  readonly returned?: T;
  readonly raised?: Raised;
  readonly seconds: number;
}
export interface PythonClient {
  /** Makes a call, with these arguments. One at a time. */
  call<T>(args: object): Promise<Answer<T>>;
  close(): Promise<void>;
}

/** Starts one of tests/integration/python/, which takes seconds the first time. */
export async function startPythonClient(script: string): Promise<PythonClient> {
  const child = spawn("python3", [join(root, "tests/integration/python", script)], {
    // Bytecode is kept with the packages: to compile them takes longer than everything else. No proxy is between it and the test.
    env: { ...process.env, PYTHONPATH: PACKAGES, PYTHONDONTWRITEBYTECODE: "", NO_PROXY: "*" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done) throw new Error(`${script} has ended: ${complaints}`);
    return JSON.parse(line.value);
  };
  await next();
  return {
    call: async <T>(args: object) => {
      child.stdin.write(`${JSON.stringify(args)}\n`);
      return (await next()) as Answer<T>;
    },
    close: async () => {
      child.kill();
      await ended;
    },
  };
}
