// A transform of the AssemblyScript compiler: makes static data of `bytesOf("text")`. Without it, the module would hold the
// text in UTF-16, code that encodes it at the start, and code by which the collector visits the result.
//
// The call becomes a string literal with a mark. When all is compiled, the block of such a literal is turned into that of an
// ArrayBuffer, with the text in UTF-8.
import binaryen from "assemblyscript/binaryen";
import { Node } from "assemblyscript";
import { operandsIn } from "./module-text.mjs";
import { CLASS, COLOR, Class, CONTENT_SIZE, HEADER, TRANSPARENT } from "./static-objects.mjs";

/** Begins the literals that become bytes; a character for private use, which no text of the project holds. */
const MARK = "\uE000";
const CONVERSION = "bytesOf";
const VISIT_GLOBALS = "~lib/rt/__visit_globals";
const VISIT = "~lib/rt/tcms/__visit";

export default class {
  /** The compiler calls this with the syntax tree, which is changed in place. */
  afterParse(parser) {
    for (const source of parser.sources) markLiterals(source.statements);
  }

  /** The compiler calls this once the module of binaryen is complete; it is changed in place. */
  afterCompile(module) {
    const segments = Array.from({ length: module.getNumDataSegments() }, (_, i) => {
      const { offset, data } = module.getDataSegmentInfo(module.getDataSegmentByIndex(i));
      return { address: offset, data: Buffer.from(data) };
    });
    const leaves = segments.filter(({ data }) => isLeaf(data));
    for (const { data } of leaves) {
      toBytes(data);
      data.writeUInt32LE(TRANSPARENT, COLOR);
    }
    const located = segments.map(({ address, data }) => ({ offset: module.i32.const(address), data }));
    module.setMemory(module.getMemoryInfo().initial, -1, null, located);
    visitAllBut(module, new Set(leaves.map(({ address }) => address + HEADER)));
  }
}

/** Turns each `bytesOf("text")` below a node into a marked literal. */
function markLiterals(node) {
  if (Array.isArray(node)) return node.forEach(markLiterals);
  if (!(node instanceof Node)) return;
  if (node.expression?.text === CONVERSION && typeof node.args?.[0].value === "string") {
    const { range } = node;
    node.expression = Node.createIdentifierExpression("changetype", range);
    node.typeArguments = [
      Node.createNamedType(Node.createSimpleTypeName("ArrayBuffer", range), null, false, range),
    ];
    node.args[0].value = MARK + node.args[0].value;
    return;
  }
  for (const [name, part] of Object.entries(node)) {
    if (name !== "range" && name !== "parent") markLiterals(part);
  }
}

/** Whether static data is an object that refers to no other. */
function isLeaf(data) {
  return (
    data.length >= HEADER &&
    data.readUInt32LE(0) === data.length - 4 &&
    data.readBigUInt64LE(COLOR) === 0n &&
    Object.values(Class).includes(data.readUInt32LE(CLASS)) &&
    data.readUInt32LE(CONTENT_SIZE) <= data.length - HEADER
  );
}

/** Makes an ArrayBuffer of a string with a mark. */
function toBytes(data) {
  const text = data.subarray(HEADER, HEADER + data.readUInt32LE(CONTENT_SIZE)).toString("utf16le");
  if (data.readUInt32LE(CLASS) !== Class.String || !text.startsWith(MARK)) return;
  const bytes = Buffer.from(text.slice(MARK.length));
  data.writeUInt32LE(Class.Buffer, CLASS);
  data.writeUInt32LE(bytes.length, CONTENT_SIZE);
  data.fill(0, HEADER).set(bytes, HEADER);
}

/** Lets the collector visit all that the globals hold but these objects. */
function visitAllBut(module, excepted) {
  const { body } = binaryen.getFunctionInfo(module.getFunction(VISIT_GLOBALS));
  const visits = operandsIn(binaryen.emitText(body))
    .filter(({ global, number }) => !excepted.has(global ? constantOf(module, global) : number))
    .map(({ global, number }) =>
      global ? module.global.get(global, binaryen.i32) : module.i32.const(number),
    )
    .map((object) => module.call(VISIT, [object, module.local.get(0, binaryen.i32)], binaryen.none));
  module.removeFunction(VISIT_GLOBALS);
  module.addFunction(VISIT_GLOBALS, binaryen.i32, binaryen.none, [], module.block(null, visits));
}

/** What a global always holds; undefined if that may change. */
function constantOf(module, name) {
  const { mutable, init } = binaryen.getGlobalInfo(module.getGlobal(name));
  return mutable ? undefined : binaryen.getExpressionInfo(init).value;
}
