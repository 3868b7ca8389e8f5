import "../../../assembly/abi/abort";
import { IdTable } from "../../../assembly/abi/id-table";

class Item {
  constructor(readonly value: i32) {}
}

/**
 * Runs operations on one table, each [operation, id, value] with 0 to set, 1 to take, 2 to get.
 * @returns the value that each take or get has found, or -1; the value itself for a set
 */
export function run(operations: i32[]): i32[] {
  const table = new IdTable<Item>();
  const found: i32[] = [];
  for (let i = 0; i + 2 < operations.length; i += 3) {
    const id = <u32>operations[i + 1];
    const value = operations[i + 2];
    if (operations[i] == 0) {
      table.set(id, new Item(value));
      found.push(value);
      continue;
    }
    const item = operations[i] == 1 ? table.take(id) : table.get(id);
    found.push(item !== null ? item.value : -1);
  }
  return found;
}
