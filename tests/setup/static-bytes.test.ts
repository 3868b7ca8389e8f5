// Contract: scripts/static-bytes.mjs changes where the bytes of literals are, not what they are.
import { expect, it } from "vitest";
import asc from "../../scripts/asc.mjs";
import { root } from "./scratch.ts";

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  collect(): void;
  replace(): void;
  address(i: number): number;
  size(i: number): number;
}

async function compile(...more: string[]): Promise<{ exports: Exports; module: Uint8Array }> {
  let module = new Uint8Array();
  const options = ["-O3", "--runtime", "minimal", "--exportStart", "_initialize", "--use", "abort=", ...more];
  const args = [
    "tests/setup/static-bytes.harness.ts",
    "--baseDir",
    root,
    "--config",
    "none.json",
    ...options,
  ];
  const { error, stderr } = await asc.main([...args, "--outFile", "module.wasm"], {
    writeFile: (_name, contents) => void (module = new Uint8Array(contents as Uint8Array)),
  });
  expect(error, stderr.toString()).toBeNull();
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
  const exports = instance.exports as unknown as Exports;
  exports._initialize();
  return { exports, module };
}

function textsOf({ memory, address, size }: Exports): string[] {
  return [0, 1, 2, 3].map((i) => Buffer.from(memory.buffer, address(i), size(i)).toString());
}

it("gives the same bytes, before and after collections, in a smaller module", async () => {
  const plain = await compile();
  const small = await compile("--transform", `${root}/scripts/static-bytes.mjs`);
  for (const { exports } of [plain, small]) {
    expect(textsOf(exports)).toEqual(["naïve 🙂", "one", "", "first"]);
    for (let i = 0; i < 3; ++i) exports.collect();
    expect(textsOf(exports)).toEqual(["naïve 🙂", "one", "", "first"]);
    exports.replace();
    for (let i = 0; i < 3; ++i) exports.collect();
    expect(textsOf(exports)).toEqual(["naïve 🙂", "one", "", "second 5"]);
  }
  expect(small.module.length).toBeLessThan(plain.module.length);
});
