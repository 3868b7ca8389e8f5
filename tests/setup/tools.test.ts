// Contract: what the set-up fetches is unpacked below build/tools/ and nowhere else: no package is installed, no service is
// registered, enabled or started, and no root is needed. Specified by scripts/ensure-tools.sh. Shown by running it as a user
// who could do none of that, on a machine that has none of the programs (on its PATH).
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { root, scratchFolder } from "./scratch.ts";

const scratch = scratchFolder("setup");

/** By this they are known, wherever they are. */
const TOOLS = /^(redis-.*|webdis|skopeo|docker.*|wrk|registry|brew|sudo)$/;
const NOBODY = 65534;

/** A folder with all programs of the machine but these. */
function machineWithout(pattern: RegExp, name: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const bin of ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    if (!existsSync(bin)) continue;
    for (const program of readdirSync(bin)) {
      if (pattern.test(program) || existsSync(join(folder, program))) continue;
      try {
        symlinkSync(join(bin, program), join(folder, program));
      } catch {
        // A link that leads nowhere was there before.
      }
    }
  }
  return folder;
}

/** A clone that holds the scripts alone, and that `nobody` may write to. */
function clone(name: string): string {
  const folder = join(scratch, name);
  mkdirSync(join(folder, "home"), { recursive: true });
  cpSync(join(root, "scripts"), join(folder, "scripts"), { recursive: true });
  if (process.getuid?.() === 0)
    for (const path of [folder, join(folder, "home")]) chownSync(path, NOBODY, NOBODY);
  return folder;
}

/** Runs a script of the clone there, as somebody who is not root. */
function run(folder: string, path: string, args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync("bash", args, {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: path, HOME: join(folder, "home"), ...env },
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  return { status, text: stdout + stderr };
}

/** All that a boot starts, and all that is installed, as far as files tell. */
function services(): Record<string, string[]> {
  const list = (folder: string): string[] =>
    existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }).sort() : [];
  const folders = ["/etc/init.d", "/etc/systemd", "/lib/systemd/system", "/usr/lib/systemd/system"];
  for (let level = 0; level <= 6; ++level) folders.push(`/etc/rc${level}.d`);
  return Object.fromEntries(folders.map((folder) => [folder, list(folder)]));
}

const isDebian = existsSync("/usr/bin/apt-get") && existsSync("/var/lib/dpkg/status");

describe.runIf(isDebian)("on a machine without any of the programs", () => {
  const folder = clone("fresh");
  let path: string;
  let before: unknown;
  let answer: { status: number | null; text: string };
  const state = (): unknown => [services(), readFileSync("/var/lib/dpkg/status", "utf8").length];

  beforeAll(() => {
    chmodSync(scratch, 0o755);
    path = machineWithout(TOOLS, "bin");
    before = state();
    answer = run(folder, path, ["scripts/ensure-tools.sh", "redis", "webdis", "skopeo", "registry", "wrk"], {
      CI: "true",
    });
  }, 240_000);

  it("everything is unpacked without root, and can be run", () => {
    expect(answer).toEqual({ status: 0, text: expect.anything() as string });
    const bin = join(folder, "build/tools/bin");
    expect(readdirSync(bin).sort()).toEqual([
      "docker-registry",
      "redis-cli",
      "redis-server",
      "skopeo",
      "webdis",
      "wrk",
    ]);
    for (const program of ["redis-server", "redis-cli", "skopeo", "docker-registry"]) {
      expect(execFileSync(join(bin, program), ["--version"], { encoding: "utf8" })).toMatch(/\d+\.\d+/);
    }
  });

  it("it is said first what is fetched, and where to", () => {
    expect(answer.text).toMatch(/^Fetching what is missing here \(no service is .*\):\n/);
    for (const tool of ["redis", "webdis", "skopeo", "registry", "wrk"])
      expect(answer.text).toMatch(new RegExp(`^ {2}${tool}: .*build/tools/debian$`, "m"));
  });

  it("no service is registered or enabled, and no package is installed", () => {
    expect(state()).toEqual(before);
  });

  it("nothing of it runs", () => {
    if (!existsSync("/proc")) return;
    const running = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          return "";
        }
      });
    expect(running.filter((line) => line.includes(folder))).toEqual([]);
  });

  it("nothing is left of what apt needed, and nothing is fetched again", () => {
    expect(readdirSync(join(folder, "build/tools")).sort()).toEqual([".debian.lock", "bin", "debian"]);
    const again = run(folder, path, [
      "scripts/ensure-tools.sh",
      "redis",
      "webdis",
      "skopeo",
      "registry",
      "wrk",
    ]);
    expect(again).toEqual({ status: 0, text: "" });
  });
});

describe("on a machine where nothing can be fetched", () => {
  const path = machineWithout(/^(redis-.*|webdis|wrk|docker.*|brew|sudo|apt-get|python3?.*)$/, "bare");
  chmodSync(scratch, 0o755);

  it("what is skipped is said, and only a missing Redis is an error", () => {
    const folder = clone("bare-clone");
    const answer = run(folder, path, ["scripts/ensure-tools.sh", "webdis", "wrk", "wasmtime"]);
    expect(answer.status).toBe(0);
    for (const tool of ["webdis", "wrk", "wasmtime"])
      expect(answer.text).toContain(`Could not be had: ${tool}.`);
    expect(run(folder, path, ["scripts/ensure-tools.sh", "redis"]).status).toBe(1);
    expect(run(folder, path, ["scripts/ensure-tools.sh", "wrk"], { CI: "true" }).status).toBe(1);
  });
});

it("a wheel that is not the one whose hash is written down is refused", () => {
  const folder = clone("other-wheel");
  const file = join(folder, "scripts/tools/wheels/wasmtime.txt");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/sha256:[0-9a-f]{8}/g, "sha256:00000000"));
  const answer = run(folder, process.env.PATH!, [
    "scripts/tools/wheel.sh",
    "wasmtime",
    join(folder, "wheel"),
  ]);
  expect(answer.status).not.toBe(0);
  expect(answer.text).toMatch(/hash/i);
  expect(existsSync(join(folder, "wheel"))).toBe(false);
});

it("no script installs a package or handles a service, but Docker's in CI", () => {
  const scripts = readdirSync(join(root, "scripts"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sh") && name !== "ensure-docker.sh")
    .map(
      (name) =>
        [name, readFileSync(join(root, "scripts", name), "utf8").replaceAll(/^ *#.*$/gm, "")] as const,
    );
  for (const [name, text] of scripts) {
    for (const line of text.split("\n")) {
      if (/\bapt-get\b.*\binstall\b/.test(line) && !/hint|echo/.test(line))
        expect(line, name).toContain("--download-only");
      expect(line, name).not.toMatch(/^\s*(\$?sudo|systemctl|service|update-rc\.d|dpkg (-i|--install))\b/);
    }
  }
  // The packages' own scripts would start and enable services; npm's would run whatever they like.
  expect(readFileSync(join(root, "Makefile"), "utf8")).toMatch(/npm ci --ignore-scripts /);
});
