// wrk (https://github.com/wg/wrk), which makes the load: some connections, each with one request after the other.
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** `make load` obtains it, or says how to; in CI nothing is skipped. */
export const hasWrk = Boolean(process.env.CI) || spawnSync("sh", ["-c", "command -v wrk"]).status === 0;

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** The x-api-key of its requests. */
  readonly caller: string;
}

export interface Answered {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds from a request to the end of its response, below which 50 % and 99 % of them are. */
  readonly p50: number;
  readonly p99: number;
  /** Responses with a status of 400 or above. */
  readonly statuses: number;
  /** Requests without a response. */
  readonly failures: number;
}

export async function wrk(url: string, { connections, seconds, caller }: Load): Promise<Answered> {
  const { stdout } = await promisify(execFile)("wrk", [
    ...["--threads=1", `--connections=${connections}`, `--duration=${seconds}s`, "--timeout=10s"],
    ...["--script", join(import.meta.dirname, "chat.lua"), url, "--", caller],
  ]);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Answered;
}
