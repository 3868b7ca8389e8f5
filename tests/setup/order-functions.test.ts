// Contract: scripts/order-functions.mjs changes where functions are in a module, so that gzip makes it smaller, not what it does.
import { gzipSync } from "node:zlib";
import binaryen from "assemblyscript/binaryen";
import { beforeAll, expect, it } from "vitest";
import { withFunctionsOrdered } from "../../scripts/order-functions.mjs";

const KINDS = 32;
const FUNCTIONS = 160;

/** A number that seems random, for place `i` of functions of a kind. */
const noise = (kind: number, i: number): number => Math.imul(kind * 1000 + i + 1, 0x9e3779b1) >>> 8;

/** The text of a function that tells its own number, and has code of its kind, too much of which to see two of a kind at once. */
function functionOf(number: number): string {
  const kind = number % KINDS;
  const code = Array.from(
    { length: 150 },
    (_, i) => `(local.set $x (i32.xor (local.get $x) (i32.const ${noise(kind, i)})))`,
  );
  return `(func $f${number} (param $x i32) (result i32) ${code.join(" ")}
    (drop (f64.const ${number}.5)) (drop (local.get $x)) (i32.const ${number}))`;
}

const TEXT = `(module
  (import "host" "seen" (func $seen (param i32)))
  (type $number (func (param i32) (result i32)))
  (memory 1)
  (export "memory" (memory 0))
  (table $table ${FUNCTIONS} funcref)
  (elem (i32.const 0) ${Array.from({ length: FUNCTIONS }, (_, i) => `$f${i}`).join(" ")})
  ${Array.from({ length: FUNCTIONS }, (_, i) => functionOf(i)).join("\n")}
  (func $sum (export "sum") (result i32)
    ${Array.from({ length: FUNCTIONS }, (_, i) => `(call $f${i} (i32.const 0)) (i32.mul (i32.const ${i})) ${i > 0 ? "(i32.add)" : ""}`).join(" ")})
  (func (export "chosen") (param $i i32) (result i32)
    (call_indirect (type $number) (i32.const 0) (local.get $i)))
  (func $start (call $seen (call $sum)))
  (start $start))`;

let module: Uint8Array;
let ordered: Buffer;
beforeAll(() => {
  const parsed = binaryen.parseText(TEXT);
  module = parsed.emitBinary();
  parsed.dispose();
  ordered = withFunctionsOrdered(module);
});

/** What a module tells its host at the start, and what its functions return. */
function played(bytes: Uint8Array): number[] {
  const told: number[] = [];
  const host = { seen: (number: number) => told.push(number) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), { host });
  const { sum, chosen } = exports as unknown as { sum(): number; chosen(i: number): number };
  return [...told, sum(), ...Array.from({ length: FUNCTIONS }, (_, i) => chosen(i))];
}

it("leaves alone what is called directly, through tables, by the host and at the start", () => {
  expect(played(ordered)).toEqual(played(module));
  expect(played(ordered).slice(2)).toEqual(Array.from({ length: FUNCTIONS }, (_, i) => i));
});

it("lets gzip find functions that are alike", () => {
  const sizeOf = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;
  expect(sizeOf(ordered)).toBeLessThan(sizeOf(module) / 3);
});

it("gives the same order each time", () => {
  expect(withFunctionsOrdered(module).equals(ordered)).toBe(true);
});
