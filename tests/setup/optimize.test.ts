// Contract: scripts/optimize.mjs changes how large and how fast a module is, not what it does, and always in the same way.
import { beforeAll, expect, it } from "vitest";
import asc from "../../scripts/asc.mjs";
import { optimized } from "../../scripts/optimize.mjs";
import { PLUGINS } from "../../scripts/plugins.mjs";
import { sectionsOf } from "../../scripts/wasm-binary.mjs";
import { root } from "./scratch.ts";

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  collect(): void;
  replace(): void;
  address(i: number): number;
  size(i: number): number;
}

const NAMES = 0;
const CODE = 10;

/** A module as the build has it compiled. */
let compiled: Uint8Array;
beforeAll(async () => {
  const options = ["--optimizeLevel", "0", "--debug", "--runtime", "minimal", "--use", "abort="];
  const source = "tests/setup/static-bytes.harness.ts";
  const args = [source, "--baseDir", root, "--config", "none.json", "--exportStart", "_initialize"];
  const { error, stderr } = await asc.main([...args, ...options, "--outFile", "module.wasm"], {
    writeFile: (_name, contents) => void (compiled = new Uint8Array(contents as Uint8Array)),
  });
  expect(error, stderr.toString()).toBeNull();
});

/** What the module's bytes hold at first, and after its last ones were replaced and others collected. */
function played(module: Uint8Array): string[] {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module)));
  const { memory, _initialize, collect, replace, address, size } = instance.exports as unknown as Exports;
  const texts = (): string[] =>
    [0, 1, 2, 3].map((i) => Buffer.from(memory.buffer, address(i), size(i)).toString());
  _initialize();
  const first = texts();
  replace();
  for (let i = 0; i < 3; ++i) collect();
  return [...first, ...texts()];
}

const sizeOf = (module: Uint8Array, section: number): number =>
  sectionsOf(module).find(({ id }) => id === section)?.content.length ?? 0;

it.each(PLUGINS)("makes code as of $name smaller, and it does the same", ({ inlined }) => {
  const smaller = optimized(compiled, inlined);
  expect(played(smaller)).toEqual(["naïve 🙂", "one", "", "first", "naïve 🙂", "one", "", "second 5"]);
  expect(played(smaller)).toEqual(played(compiled));
  expect(sizeOf(smaller, CODE)).toBeLessThan(sizeOf(compiled, CODE) / 1.5);
  expect(sizeOf(smaller, NAMES)).toBe(0);
});

it("does so in the same way each time, whatever it optimised before", () => {
  const { inlined } = PLUGINS[0]!;
  const first = optimized(compiled, inlined);
  optimized(compiled, { everywhere: 0, once: 0 });
  expect(optimized(compiled, inlined).equals(first)).toBe(true);
});

it("inlines as much as it is told to", () => {
  const all = sizeOf(optimized(compiled, { everywhere: 200, once: 200 }), CODE);
  const none = sizeOf(optimized(compiled, { everywhere: 0, once: 0 }), CODE);
  expect(all).not.toBe(none);
});
