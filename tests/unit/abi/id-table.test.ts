// Contract of assembly/abi/id-table: it answers as a Map does, whatever was set and taken before.
// The Map of JavaScript is the reference.
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  run(operations: number[]): number[];
}

let table: Harness;
beforeAll(async () => {
  table = await loadHarness<Harness>("tests/unit/abi/id-table.harness.ts");
});

type Operation = [kind: number, id: number, value: number];

function expectMap(operations: Operation[]): void {
  const map = new Map<number, number>();
  const expected = operations.map(([kind, id, value]) => {
    if (kind === 0) {
      map.set(id, value);
      return value;
    }
    const found = map.get(id) ?? -1;
    if (kind === 1) map.delete(id);
    return found;
  });
  expect(table.run(operations.flat())).toEqual(expected);
}

/** Ids of which many share a slot, as those of a host do that counts in steps. */
const id = fc.oneof(
  fc.nat(40),
  fc.nat(40).map((n) => n * 4 + 3),
  fc.nat(40).map((n) => n << 24),
  fc.integer(),
);

it("answers as a Map does", () => {
  const operation = fc.tuple(fc.nat(2), id, fc.nat(1000));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: "max" }), (operations) => expectMap(operations)),
    { numRuns: 500 },
  );
});

it("holds thousands at a time, and loses none while others come and go", () => {
  const operations: Operation[] = [];
  for (let i = 0; i < 5000; ++i) operations.push([0, i, i]);
  for (let i = 0; i < 20_000; ++i) {
    operations.push([1, i, 0], [0, i + 5000, i]);
    if (i % 7 === 0) operations.push([2, i + 2500, 0]);
  }
  expectMap(operations);
});
