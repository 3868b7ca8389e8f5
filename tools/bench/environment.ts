// On what and of what a measurement was made.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { gzipSync } from "node:zlib";
import { releases, root, type FilterModule } from "./modules.ts";

export interface Environment {
  date: string;
  /** Of the tree that the module was built from; with a `+` when it held changes that are not committed. */
  commit: string;
  machine: { cpu: string; cores: number; node: string; v8: string };
  /** What `make build` makes, and what it was compared with. */
  modules: { name: string; bytes: number; gzipped: number }[];
}

/** @param others what was measured beside our own modules */
export function environmentOf(others: FilterModule[]): Environment {
  const cores = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    machine: {
      cpu: cores[0]?.model ?? "unknown",
      cores: cores.length,
      node: process.versions.node,
      v8: process.versions.v8,
    },
    modules: [...releases(), ...others].map(({ name, bytes }) => ({
      name,
      bytes: bytes.length,
      gzipped: gzipSync(bytes, { level: 9 }).length,
    })),
  };
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "assembly", "asconfig.json") !== "";
    return git("rev-parse", "--short", "HEAD") + (changed ? "+" : "");
  } catch {
    return "unknown";
  }
}
