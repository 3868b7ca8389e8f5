// Contract: what was built from the same content is not built again, whatever its time says; anything else is; and a push that
// has nowhere to go fails before it builds. Specified by scripts/build.mjs and the Makefile. In a folder of its own, with a
// compiler that takes no time: its modules are empty, and carry their source in a custom section.
import { spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { root, scratchFolder } from "./scratch.ts";

const folder = scratchFolder("build");

const source = join(folder, "assembly/entry/token-ratelimit.higress.ts");
const COMPILER = `
import { readFileSync, writeFileSync } from "node:fs";
export default {
  async main([entry, ...args]) {
    const source = readFileSync(entry);
    if (source.includes("syntax error")) return { error: new Error("syntax error"), stdout: "", stderr: "" };
    await new Promise((done) => setTimeout(done, 20));
    const section = Buffer.concat([Buffer.from([1, 97]), source.subarray(0, 100)]);
    const header = [0, 97, 115, 109, 1, 0, 0, 0, 0, section.length];
    writeFileSync(args[args.indexOf("--outFile") + 1], Buffer.concat([Buffer.from(header), section]));
    return { error: null, stdout: "", stderr: "" };
  },
};`;
const BINARYEN = pathToFileURL(join(root, "node_modules/assemblyscript/lib/binaryen.js"));
const module = join(folder, "build/ai-token-ratelimit.wasm");

beforeAll(() => {
  mkdirSync(join(folder, "assembly/entry"), { recursive: true });
  for (const name of ["scripts", "Makefile", "package.json", "package-lock.json", "assembly/ledger/lua"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  const compiler = join(folder, "node_modules/assemblyscript");
  mkdirSync(compiler, { recursive: true });
  const exports = { "./asc": "./asc.js", "./binaryen": "./binaryen.js" };
  writeFileSync(join(compiler, "package.json"), JSON.stringify({ type: "module", exports }));
  writeFileSync(join(compiler, "binaryen.js"), `export { default } from ${JSON.stringify(BINARYEN)};`);
  writeFileSync(join(compiler, "asc.js"), COMPILER);
  writeFileSync(join(folder, "asconfig.json"), '{"options":{"runtime":"stub"}}');
  for (const entry of ["token-ratelimit.higress", "token-ratelimit.envoy", "quota.higress", "quota.envoy"])
    writeFileSync(
      join(folder, `assembly/entry/${entry}.ts`),
      'import { one } from "./one"; export function f(): i32 { return one; }',
    );
  writeFileSync(join(folder, "assembly/entry/one.ts"), "export const one: i32 = 1;");
});

/** Whether the build, which succeeds, had something to do. */
function builds(): boolean {
  const { status, stdout, stderr } = spawnSync("node", ["scripts/build.mjs"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  const lines = stdout.trim().split("\n");
  expect(lines).toHaveLength(8);
  const unchanged = lines.filter((line) => line.endsWith(", unchanged")).length;
  expect([0, 8]).toContain(unchanged);
  return unchanged === 0;
}

describe("the build", () => {
  it("is done once", () => {
    expect(builds()).toBe(true);
    expect(builds()).toBe(false);
    expect(WebAssembly.validate(readFileSync(module))).toBe(true);
  });

  it("is not done again for a new time of the same content", () => {
    utimesSync(source, new Date(), new Date());
    expect(builds()).toBe(false);
  });

  it.each<[string, () => void]>([
    ["a source", () => appendFileSync(join(folder, "assembly/entry/one.ts"), " // changed")],
    ["a source that gets no later time", () => utimesOf(source, () => appendFileSync(source, " // changed"))],
    ["a new file", () => writeFileSync(join(folder, "assembly/entry/two.ts"), "export const two = 2;")],
    ["the compiler", () => appendFileSync(join(folder, "package-lock.json"), "\n")],
    ["its options", () => writeFileSync(join(folder, "asconfig.json"), '{"options":{"runtime":"minimal"}}')],
    ["a module that somebody changed", () => appendFileSync(module, "x")],
    ["a module that was cut", () => truncateSync(module, 10)],
    ["a module that was removed", () => rmSync(module)],
  ])("is done again after a change of %s", (_, change) => {
    change();
    expect(builds()).toBe(true);
    expect(builds()).toBe(false);
    expect(WebAssembly.validate(readFileSync(module))).toBe(true);
  });

  it("leaves whole modules when two are at it at once", async () => {
    appendFileSync(source, " // both build this");
    const all = Array.from({ length: 2 }, () =>
      spawn("node", ["scripts/build.mjs"], { cwd: folder, stdio: "ignore" }),
    );
    const statuses = await Promise.all(
      all.map((child) => new Promise((done) => child.once("exit", (status) => done(status)))),
    );
    expect(statuses).toEqual([0, 0]);
    expect(builds()).toBe(false);
    expect(readdirSync(join(folder, "build")).filter((name) => name.startsWith(".new-"))).toEqual([]);
  });

  it("leaves nothing that counts as built when it fails", () => {
    writeFileSync(source, "syntax error");
    for (let attempt = 0; attempt < 2; ++attempt)
      expect(spawnSync("node", ["scripts/build.mjs"], { cwd: folder }).status).toBe(1);
    writeFileSync(source, "right again");
    expect(builds()).toBe(true);
  });
});

describe("make push", () => {
  it.each(["", "no-registry", "registry/without-tag"])(
    "with IMAGE=%s and nobody to ask says so, and builds nothing",
    (image) => {
      rmSync(join(folder, "build"), { recursive: true, force: true });
      // A client that is never called: what is looked for is a name.
      const bin = join(folder, "bin");
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, "oras"), "#!/bin/sh\n", { mode: 0o755 });
      const { status, stderr } = spawnSync("make", ["push", ...(image ? [`IMAGE=${image}`] : [])], {
        cwd: folder,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, IMAGE: "", PATH: `${bin}:${process.env.PATH}` },
      });
      expect(status).not.toBe(0);
      expect(stderr).toContain("IMAGE=registry/name:tag");
      expect(existsSync(join(folder, "build"))).toBe(false);
    },
  );
});

/** Changes a file without a change of its time. */
function utimesOf(path: string, change: () => void): void {
  const past = new Date(1_000_000_000_000);
  change();
  utimesSync(path, past, past);
}
