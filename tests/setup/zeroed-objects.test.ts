// Contract: scripts/zeroed-objects.mjs clears the memory of new objects, and leaves what their fields hold as it is.
import binaryen from "assemblyscript/binaryen";
import { beforeAll, expect, it } from "vitest";
import asc from "../../scripts/asc.mjs";
import { clearObjects } from "../../scripts/zeroed-objects.mjs";
import { root } from "./scratch.ts";

/** A module as the build has it compiled. */
let compiled: Uint8Array;
let cleared: Uint8Array;
beforeAll(async () => {
  const options = ["--optimizeLevel", "0", "--debug", "--runtime", "minimal", "--use", "abort="];
  const source = "tests/setup/zeroed-objects.harness.ts";
  const { error, stderr } = await asc.main(
    [source, "--baseDir", root, "--config", "none.json", ...options, "--outFile", "module.wasm"],
    { writeFile: (_name, contents) => void (compiled = new Uint8Array(contents as Uint8Array)) },
  );
  expect(error, stderr.toString()).toBeNull();
  const module = binaryen.readBinary(compiled);
  module.setFeatures(binaryen.Features.All);
  clearObjects(module);
  expect(module.validate()).toBe(1);
  cleared = module.emitBinary();
  module.dispose();
});

function played(bytes: Uint8Array): string {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
  const { memory, play } = exports as unknown as { memory: WebAssembly.Memory; play(): number };
  const address = play();
  const [size = 0] = new Uint32Array(memory.buffer, address - 4, 1);
  return Buffer.from(memory.buffer, address, size).toString("utf16le");
}

it("leaves fields what they were, also where other things were before", () => {
  expect(played(cleared)).toBe("0 7 0; 0 true 0 0 1; 0 true 5 0 2; 0.0 true 0 0; 0 0 3 0 true; 0 false");
  expect(played(cleared)).toBe(played(compiled));
});

/** How many times fields are set to zero in constructors. */
function zerosIn(bytes: Uint8Array): number {
  const module = binaryen.readBinary(bytes);
  const text = module.emitText();
  module.dispose();
  return [...text.matchAll(/zeroed-objects\.harness\/\w+#set:\w+\s+\(local\.get \$\w+\)\s+\(\w+\.const 0\)/g)]
    .length;
}

it("sets no field to zero that is zero", () => {
  // What is left: `grown`, `flag`, and the fields of a class that has no constructor but that of its superclass.
  expect(zerosIn(compiled)).toBe(13);
  expect(zerosIn(cleared)).toBe(4);
});
