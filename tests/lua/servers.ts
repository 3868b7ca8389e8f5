// The servers that the scripts are tried on: the installed one, and others that are here; in CI, all of them.
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const tool = (name: string): string => resolve(import.meta.dirname, "../../build/tools", name);

/** Name and program of each. */
export const SERVERS: [name: string, program: string][] = [
  ["Redis", "redis-server"],
  ...[
    ["Redis 5.0", tool("redis-5")],
    ["Redis 6.2", tool("redis-6.2")],
    ["Valkey 9", tool("valkey")],
  ].filter((server): server is [string, string] => existsSync(server[1]!) || process.env.CI !== undefined),
];
