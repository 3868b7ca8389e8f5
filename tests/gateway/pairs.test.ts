// Header pairs keep their bytes in both directions, and anything malformed is an empty list.
// proxy-wasm ABI 0.2.1, "serialized map"; limits as in proxy-wasm-cpp-host, pairs_util.cc.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeaderPair } from "../../gateway/src/chain/header-map.ts";
import { decodePairs, encodePairs } from "../../gateway/src/wasm/pairs.ts";

const bytes = (...parts: (number[] | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));

const CASES: { name: string; pairs: HeaderPair[]; wire: Buffer }[] = [
  { name: "no pairs", pairs: [], wire: bytes([0, 0, 0, 0]) },
  {
    name: "a pseudo header and an empty value",
    pairs: [
      [":path", "/a"],
      ["x", ""],
    ],
    wire: bytes(
      [2, 0, 0, 0], // two pairs
      [5, 0, 0, 0], // size of ":path"
      [2, 0, 0, 0], // size of "/a"
      [1, 0, 0, 0], // size of "x"
      [0, 0, 0, 0], // size of ""
      ":path\0",
      "/a\0",
      "x\0",
      "\0",
    ),
  },
  {
    name: "bytes above ASCII, and a repeated name",
    pairs: [
      ["k", "\xff"],
      ["k", "\x80"],
    ],
    wire: bytes(
      [2, 0, 0, 0],
      [1, 0, 0, 0, 1, 0, 0, 0],
      [1, 0, 0, 0, 1, 0, 0, 0],
      "k\0",
      [0xff, 0],
      "k\0",
      [0x80, 0],
    ),
  },
];

describe.each(CASES)("$name", ({ pairs, wire }) => {
  it("is written so", () => expect(encodePairs(pairs)).toEqual(wire));
  it("is read so", () => expect(decodePairs(wire)).toEqual(pairs));
  it("is nothing when cut anywhere", () => {
    for (let end = 0; end < wire.length; end++) expect(decodePairs(wire.subarray(0, end))).toEqual([]);
  });
  it("is nothing when a byte follows", () => {
    expect(decodePairs(Buffer.concat([wire, Buffer.from([0])]))).toEqual([]);
  });
});

it("keeps any byte in names and values", () => {
  const text = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array).toString("latin1"));
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (pairs) => {
      expect(decodePairs(encodePairs(pairs))).toEqual(pairs);
    }),
  );
});

it("never throws on hostile bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (array) => {
      decodePairs(Buffer.from(array));
    }),
  );
});

it.each([
  ["more than 1024 pairs", Array.from({ length: 1025 }, (): HeaderPair => ["a", "b"])],
  ["more than 1 MiB", [["a", "b".repeat(1024 * 1024)]] satisfies HeaderPair[]],
])("refuses %s", (_name, pairs) => {
  expect(decodePairs(encodePairs(pairs))).toEqual([]);
});

it("refuses a text that no NUL ends", () => {
  const wire = encodePairs([["a", "b"]]);
  wire[wire.length - 1] = 1;
  expect(decodePairs(wire)).toEqual([]);
});
