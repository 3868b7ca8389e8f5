// Puts functions of a module that are alike near each other, because gzip finds repetitions only in the last 32 KiB: each is followed
// by the one of which most is to be found there already.
import { Reader, sectionsOf, unsigned, withSections } from "./wasm-binary.mjs";
import { CALL, functionsOf, importedFunctions, Section } from "./wasm-code.mjs";

/** How many bytes of code gzip sees. */
const WINDOW = 32_000;
/** Functions are alike if they have sequences of this many instructions in common. */
const SEQUENCE = 3;
/** Sequences that more functions have are in any window. */
const MOST_SHARED = 60;
/** What an instruction more or less counts beside those that repeat. */
const OVERHEAD = 8;
const FUNCTION = 0;
const ELEMENTS_OF_FIRST_TABLE = 0;

/** A module of the same functions in an order that gzip compresses better. */
export function withFunctionsOrdered(module) {
  const sections = sectionsOf(module);
  const contentOf = (id) => sections.find((section) => section.id === id)?.content;
  if (contentOf(Section.Code) === undefined) return Buffer.from(module);
  const functions = functionsOf(contentOf(Section.Code));
  const order = orderOf(functions);
  const imported = importedFunctions(module);
  const indexes = [];
  order.forEach((before, after) => (indexes[imported + before] = imported + after));
  const newIndex = (index) => indexes[index] ?? index;
  const types = numbersOf(contentOf(Section.Function));
  const changed = new Map([
    [Section.Function, () => vector(order.map((i) => unsigned(types[i])))],
    [Section.Export, (content) => withExports(content, newIndex)],
    [Section.Start, (content) => unsigned(newIndex(new Reader(content).number()))],
    [Section.Element, (content) => withElements(content, newIndex)],
    [Section.Code, () => vector(order.map((i) => sized(withCalls(functions[i], newIndex))))],
  ]);
  const moved = ({ id, content }) => ({ id, content: changed.get(id)?.(content) ?? content });
  return withSections(module, sections.map(moved));
}

/** In which order functions compress well. */
function orderOf(functions) {
  const shared = sharedSequences(functions);
  /** For each function, what of it is in the window, where a sequence counts the less the more functions have it. */
  const known = new Float64Array(functions.length);
  const isPlaced = new Uint8Array(functions.length);
  const timesInWindow = new Map();
  const change = (i, by) => {
    for (const sequence of shared.of[i]) {
      const times = timesInWindow.get(sequence) ?? 0;
      timesInWindow.set(sequence, times + by);
      if (times + Math.min(by, 0) > 0) continue;
      const owners = shared.owners.get(sequence);
      for (const owner of owners) known[owner] += by / owners.length;
    }
  };
  const order = [];
  let first = 0;
  let size = 0;
  for (let next = 0; next >= 0; next = bestOf(functions, known, isPlaced)) {
    isPlaced[next] = 1;
    order.push(next);
    change(next, 1);
    size += functions[next].body.length;
    for (; size > WINDOW && first < order.length - 1; ++first) {
      change(order[first], -1);
      size -= functions[order[first]].body.length;
    }
  }
  return order;
}

/** Of the functions that are not yet placed, that of which the greatest part is known; -1 if all are placed. */
function bestOf(functions, known, isPlaced) {
  let best = -1;
  let most = -1;
  functions.forEach(({ body }, i) => {
    const part = known[i] / (body.length + OVERHEAD);
    if (isPlaced[i] || part <= most) return;
    most = part;
    best = i;
  });
  return best;
}

/** The sequences that functions share: those `of` each one, and the `owners` of each. */
function sharedSequences(functions) {
  const of = functions.map(sequencesOf);
  const owners = new Map();
  of.forEach((sequences, i) => {
    for (const sequence of sequences) {
      if (owners.has(sequence)) owners.get(sequence).push(i);
      else owners.set(sequence, [i]);
    }
  });
  const isShared = (sequence) => {
    const { length } = owners.get(sequence);
    return length > 1 && length <= MOST_SHARED;
  };
  return { of: of.map((sequences) => sequences.filter(isShared)), owners };
}

/** The sequences of instructions of a function, each once. */
function sequencesOf({ body, instructions }) {
  const text = body.toString("latin1");
  const sequences = instructions.slice(SEQUENCE - 1).map(({ to }, i) => text.slice(instructions[i].from, to));
  return [...new Set(sequences)];
}

/** A function that calls others by their new indexes. */
function withCalls({ body, instructions }, newIndex) {
  const parts = [];
  let end = 0;
  for (const { opcode, from, to } of instructions) {
    if (opcode !== CALL) continue;
    parts.push(body.subarray(end, from + 1), unsigned(newIndex(new Reader(body, from + 1).number())));
    end = to;
  }
  return Buffer.concat([...parts, body.subarray(end)]);
}

function withExports(content, newIndex) {
  const reader = new Reader(content);
  return vector(
    Array.from({ length: reader.number() }, () => {
      const name = sized(reader.bytes(reader.number()));
      const kind = reader.byte();
      const index = reader.number();
      return Buffer.concat([
        name,
        Buffer.from([kind]),
        unsigned(kind === FUNCTION ? newIndex(index) : index),
      ]);
    }),
  );
}

function withElements(content, newIndex) {
  const reader = new Reader(content);
  return vector(
    Array.from({ length: reader.number() }, () => {
      const from = reader.at;
      if (reader.number() !== ELEMENTS_OF_FIRST_TABLE) throw new Error("elements are not those of a table");
      reader.byte();
      reader.number();
      reader.byte();
      const head = content.subarray(from, reader.at);
      const functions = Array.from({ length: reader.number() }, () => unsigned(newIndex(reader.number())));
      return Buffer.concat([head, vector(functions)]);
    }),
  );
}

function numbersOf(content) {
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => reader.number());
}

const vector = (items) => Buffer.concat([unsigned(items.length), ...items]);
const sized = (bytes) => Buffer.concat([unsigned(bytes.length), bytes]);
