// Reads from the text of a module, or of a function, what binaryen does not tell in any other way.

/** A name, which is in quotes if it holds brackets: two groups, one of which is the name. */
const NAME = String.raw`\$(?:"([^"]+)"|([^\s()]+))`;
const FUNCTION = new RegExp(String.raw`^ \(func ${NAME}`);
const EXPORT = new RegExp(String.raw`^ \(export "([^"]+)" \(func ${NAME}`);
const CALL = new RegExp(String.raw`\((?:return_)?(?:call|ref\.func) ${NAME}`);
const TABLE = /^ \(elem/;

const nameIn = ([, quoted, bare]) => quoted ?? bare;

/**
 * What calls what. `functions` has `{ calls, lines }` for each name: the names of what it calls, once for each call, and how
 * many lines its text has. `exported` has the name of each exported function, by that of the export, and `inTables` those that
 * indirect calls may call.
 */
export function callsIn(text) {
  const functions = new Map();
  const exported = new Map();
  const inTables = [];
  let current = null;
  for (const line of text.split("\n")) {
    const begun = FUNCTION.exec(line);
    const call = CALL.exec(line);
    const exports = EXPORT.exec(line);
    if (begun !== null) functions.set(nameIn(begun), (current = { calls: [], lines: 0 }));
    else if (exports !== null) exported.set(exports[1], exports[2] ?? exports[3]);
    else if (TABLE.test(line)) inTables.push(...Array.from(line.matchAll(new RegExp(NAME, "g")), nameIn));
    else if (call !== null) current.calls.push(nameIn(call));
    if (current !== null) ++current.lines;
  }
  return { functions, exported, inTables };
}

/** The globals that a text gets, as `{ global }`, and its 32-bit numbers, as `{ number }`, in order. */
export function operandsIn(text) {
  const operand = new RegExp(String.raw`\(global\.get ${NAME}\)|\(i32\.const (-?\d+)\)`, "g");
  return Array.from(text.matchAll(operand), (found) =>
    found[3] === undefined ? { global: nameIn(found) } : { number: Number(found[3]) },
  );
}
