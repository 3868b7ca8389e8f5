// The code of a module in WebAssembly's binary format: its functions and their instructions.
// https://webassembly.github.io/spec/core/binary/instructions.html
import { Reader, sectionsOf } from "./wasm-binary.mjs";

export const Section = { Import: 2, Function: 3, Export: 7, Start: 8, Element: 9, Code: 10 };
export const CALL = 0x10;
const FUNCTION = 0;

const BR_TABLE = 0x0e;
const TYPED_SELECT = 0x1c;
const F32_CONST = 0x43;
const F64_CONST = 0x44;
/** The last instruction of one byte that is known here: of those that extend signs. */
const LAST = 0xc4;
const PREFIX = 0xfc;

/** How many LEB128 numbers follow an instruction: pairs of an opcode, and this from it up to the next pair. */
const NUMBERS = [
  ...[0x00, 0, 0x02, 1, 0x05, 0, 0x0c, 1, 0x0e, 0, 0x10, 1, 0x11, 2, 0x12, 0],
  ...[0x20, 1, 0x25, 0, 0x28, 2, 0x3f, 1, 0x43, 0],
];
/** The same after the prefix: conversions that saturate, and bulk memory. */
const PREFIXED_NUMBERS = [0, 0, 8, 2, 9, 1, 10, 2, 11, 1];
const LAST_PREFIXED = 11;

function countIn(table, opcode) {
  let count = 0;
  for (let i = 0; i < table.length && table[i] <= opcode; i += 2) count = table[i + 1];
  return count;
}
const COUNTS = Uint8Array.from({ length: LAST + 1 }, (_, opcode) => countIn(NUMBERS, opcode));

/** How many functions a module imports; their indexes come before those of its own. */
export function importedFunctions(module) {
  const section = sectionsOf(module).find(({ id }) => id === Section.Import);
  if (section === undefined) return 0;
  const reader = new Reader(section.content);
  const count = reader.number();
  for (let i = 0; i < count; ++i) {
    reader.bytes(reader.number());
    reader.bytes(reader.number());
    if (reader.byte() !== FUNCTION) throw new Error("something else than a function is imported");
    reader.number();
  }
  return count;
}

/** The functions of a code section: their bodies, and in these the instructions, as `{ opcode, from, to }`. */
export function functionsOf(code) {
  const reader = new Reader(code);
  return Array.from({ length: reader.number() }, () => {
    const body = reader.bytes(reader.number());
    return { body, instructions: instructionsOf(body) };
  });
}

function instructionsOf(body) {
  const reader = new Reader(body);
  for (let groups = reader.number(); groups > 0; --groups) {
    reader.number();
    reader.byte();
  }
  const instructions = [];
  while (!reader.isAtEnd) {
    const from = reader.at;
    const opcode = reader.byte();
    skipImmediates(reader, opcode);
    instructions.push({ opcode, from, to: reader.at });
  }
  return instructions;
}

function skipImmediates(reader, opcode) {
  if (opcode === F32_CONST || opcode === F64_CONST) {
    reader.bytes(opcode === F32_CONST ? 4 : 8);
    return;
  }
  let count = COUNTS[opcode];
  if (opcode === BR_TABLE) count = reader.number() + 1;
  else if (opcode === TYPED_SELECT) count = reader.number();
  else if (opcode === PREFIX) count = prefixedCount(reader.number());
  if (count === undefined) throw new Error(`unknown instruction ${opcode}`);
  for (; count > 0; --count) reader.number();
}

const prefixedCount = (opcode) => (opcode <= LAST_PREFIXED ? countIn(PREFIXED_NUMBERS, opcode) : undefined);
