// Contract: assembly/abi/static-data.ts unpacks what scripts/pack-data.mjs has packed, into the same memory as before.
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import asc from "../../scripts/asc.mjs";
import { packData } from "../../scripts/pack-data.mjs";
import { dataOf, sectionsOf, withSections } from "../../scripts/wasm-binary.mjs";
import { root } from "./scratch.ts";

const DATA = 11;
const DATA_COUNT = 12;
/** Where the compiler begins; what is below belongs to nobody. */
const BEGIN = 1036;

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
}

/** The module that unpacks, without data. */
let empty: Buffer;
beforeAll(async () => {
  let compiled: Uint8Array = Buffer.of();
  // Without the product's abort, which brings data and needs the heap.
  const options = ["-O3", "--runtime", "minimal", "--exportStart", "_initialize", "--use", "abort="];
  const args = ["tests/setup/static-data.harness.ts", "--baseDir", root, "--config", "none.json", ...options];
  const { error, stderr } = await asc.main([...args, "--outFile", "module.wasm"], {
    writeFile: (_name, contents) => void (compiled = contents as Uint8Array),
  });
  expect(error, stderr.toString()).toBeNull();
  const isCode = ({ id }: { id: number }): boolean => id !== DATA && id !== DATA_COUNT;
  empty = withSections(compiled, sectionsOf(compiled).filter(isCode));
});

/** The memory of a module once it has begun. */
function memoryOf(module: Uint8Array): Buffer {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module)));
  const { memory, _initialize } = instance.exports as unknown as Exports;
  _initialize();
  return Buffer.from(memory.buffer);
}

/** A module with these blocks, one after the other, each in a segment. */
function moduleOf(blocks: Uint8Array[]): Buffer {
  let end = BEGIN;
  const segments = blocks.map((bytes) => ({ address: (end += bytes.length) - bytes.length, bytes }));
  return withSections(empty, [...sectionsOf(empty), { id: DATA, content: dataOf(segments) }]);
}

/** A string as the runtime of AssemblyScript has it, with the colour that the build gives it. */
function stringOf(text: string): Buffer {
  const units = Buffer.from(text, "utf16le");
  return objectOf(2, units, units.length);
}

/** A buffer in the block of the string that it was made of. */
function bufferOf(bytes: Uint8Array): Buffer {
  return objectOf(1, bytes, 2 * (bytes.length + 1));
}

function objectOf(type: number, content: Uint8Array, room: number): Buffer {
  const block = Buffer.alloc(Math.ceil((20 + room) / 16) * 16);
  block.writeUInt32LE(block.length - 4);
  block.writeUInt32LE(3, 4);
  block.writeUInt32LE(type, 12);
  block.writeUInt32LE(content.length, 16);
  block.set(content, 20);
  return block;
}

const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(30, 31, 32, 33, 4095, 4096).map((length) => "é".repeat(length)),
);
const buffer = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(4095, 4096).map((length) => new Uint8Array(length).fill(7)),
);
const block = fc.oneof(
  text.map(stringOf),
  buffer.map(bufferOf),
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(1, 2, 3, 4, 31, 32, 4095, 4096, 10_000).map((length) => new Uint8Array(length)),
  fc.constantFrom(31, 32, 4095, 4096, 9000).map((length) => new Uint8Array(length).fill(7)),
  // Almost an object: cut off, or with a byte that does not belong there.
  fc.tuple(buffer.map(bufferOf), fc.nat(40)).map(([bytes, at]) => bytes.subarray(0, at)),
  fc.tuple(text.map(stringOf), fc.nat(40)).map(([bytes, at]) => bytes.subarray(0, at)),
  fc
    .tuple(text.map(stringOf), fc.nat(31), fc.nat(255))
    .map(([bytes, at, byte]) => bytes.fill(byte, at, at + 1)),
);

it("unpacks to the same memory, and to zeros behind it", () => {
  const blocks = fc.array(block, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(blocks, (data) => {
      const after = memoryOf(packData(moduleOf(data)));
      const before = Buffer.alloc(after.length);
      let at = BEGIN;
      for (const bytes of data) {
        before.set(bytes, at);
        at += bytes.length;
      }
      expect(after.equals(before)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

it("unpacks text with repetitions near and far, however long they are", () => {
  const words = Array.from({ length: 3000 }, (_, i) => `${i % 7} times ${(i * i) % 1000};`).join(" ");
  const data = [stringOf(words.slice(0, 4000)), Buffer.from(words + "=".repeat(600) + words)];
  const memory = memoryOf(packData(moduleOf(data)));
  expect(memory.subarray(BEGIN, BEGIN + data[0]!.length).equals(data[0]!)).toBe(true);
  expect(memory.subarray(BEGIN + data[0]!.length).indexOf(data[1]!)).toBe(0);
  expect(packData(moduleOf(data)).length).toBeLessThan(empty.length + words.length / 4);
});

it("makes text half as large, without its headers", () => {
  const texts = Array.from({ length: 100 }, (_, i) => stringOf(`the problem number ${i + 100}`));
  expect(packData(moduleOf(texts)).length).toBeLessThan(empty.length + 100 * 24 + 40);
});

it("makes buffers smaller than the strings that they were made of", () => {
  const texts = Array.from({ length: 100 }, (_, i) => bufferOf(Buffer.from(`the problem number ${i + 100}`)));
  expect(packData(moduleOf(texts)).length).toBeLessThan(empty.length + 100 * 24 + 40);
});

it("leaves a module without data alone", () => {
  expect(packData(empty).equals(empty)).toBe(true);
});
