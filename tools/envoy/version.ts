import { spawnSync } from "node:child_process";

/** The version of an Envoy: its `--version` says commit/version/state/type/TLS. */
export function versionOf(envoy: string): string {
  const { stdout } = spawnSync(envoy, ["--version"], { encoding: "utf8" });
  return /\/(\d+\.\d+\.\d+[^/]*)\//.exec(stdout)?.[1] ?? "unknown";
}
