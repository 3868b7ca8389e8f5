// Reads from the text of a module, or of a function, what binaryen does not tell in any other way.

/** A name, which is in quotes if it holds brackets: two groups, one of which is the name. */
const NAME = String.raw`\$(?:"([^"]+)"|([^\s()]+))`;
const nameIn = ([, quoted, bare]) => quoted ?? bare;

/** The globals that a text gets, as `{ global }`, and its 32-bit numbers, as `{ number }`, in order. */
export function operandsIn(text) {
  const operand = new RegExp(String.raw`\(global\.get ${NAME}\)|\(i32\.const (-?\d+)\)`, "g");
  return Array.from(text.matchAll(operand), (found) =>
    found[3] === undefined ? { global: nameIn(found) } : { number: Number(found[3]) },
  );
}
