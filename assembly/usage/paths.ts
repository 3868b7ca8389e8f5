import { addressOf, bytesOf } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";
import { BEDROCK_CHUNK, Field, REPORTS, ReportFormat, Where } from "./formats";
import { Op, Slot } from "./report";
import { Combine } from "./tally";

/*
 * The tables of `formats`, compiled into a graph: each object on a path is a node, and a member's name leads along an
 * edge to another node or to a count. An edge is a number:
 *
 *   bits 0-7    0 nothing; 1-127 a node; 128 + op * 32 + slot a count; 255 text in base64
 *   bits 8-9    the Combine of the report that the node begins
 *   bits 10-11  the Where of the report, on edges from the root
 */
export type Edge = u32;

/** The edge to nothing. */
export const NOWHERE: Edge = 0;
const ENCODED: Edge = 255;
const FIRST_COUNT: u32 = 128;
/** Instead of a member's name: the element of an array, and any member. */
const ELEMENT: i32 = 0;
const ANY: i32 = 1;
/** Bounds of the tables, checked when they are built: nodes, and different names. */
const MAX_NODES: i32 = 64;
const MAX_NAMES: i32 = 128;

// @ts-ignore: decorator
@inline
export function isNode(edge: Edge): bool {
  return (edge & 255) - 1 < FIRST_COUNT - 1;
}

// @ts-ignore: decorator
@inline
export function isCount(edge: Edge): bool {
  return (edge & 255) - FIRST_COUNT < 255 - FIRST_COUNT;
}

/** Whether `edge` leads to a string that holds another JSON text in base64. */
// @ts-ignore: decorator
@inline
export function isEncoded(edge: Edge): bool {
  return (edge & 255) == ENCODED;
}

// @ts-ignore: decorator
@inline
export function nodeOf(edge: Edge): i32 {
  return edge & 255;
}

// @ts-ignore: decorator
@inline
export function slotOf(edge: Edge): Slot {
  return edge & 31;
}

// @ts-ignore: decorator
@inline
export function opOf(edge: Edge): Op {
  return (edge >> 5) & 3;
}

// @ts-ignore: decorator
@inline
export function combineOf(edge: Edge): Combine {
  return (edge >> 8) & 3;
}

/** The graph; built once, then only read. About 20 KB. */
@final
export class PathGraph {
  private names: ByteTable = new ByteTable();
  private nameCount: i32 = ANY + 1;
  private nodeCount: i32 = 1;
  private edges: StaticArray<u16> = new StaticArray<u16>(MAX_NODES * MAX_NAMES);
  /** Per node: which lengths (up to 63) and which first letters (modulo 32) its names have, to save most look-ups. */
  private lengths: StaticArray<u64> = new StaticArray<u64>(MAX_NODES);
  private letters: StaticArray<u32> = new StaticArray<u32>(MAX_NODES);
  /** The node that each table of fields became, so that reports which share one share its nodes. */
  private tables: Map<usize, i32> = new Map<usize, i32>();

  /** The edge to the root of a text. */
  readonly root: Edge;

  constructor() {
    const root = this.newNode();
    this.root = root | (Combine.Merge << 8);
    // A root array holds texts, one per element.
    this.link(root, "[]", this.root);
    this.link(root, BEDROCK_CHUNK, ENCODED | (Where.AwsEvent << 10));
    for (let i = 0; i < REPORTS.length; ++i) this.addReport(root, REPORTS[i]);
  }

  /** The edge from `node` for the member called by the `len` bytes at `ptr`, in a text that is found at `where`. */
  member(node: i32, ptr: usize, len: i32, where: Where): Edge {
    const row = node * MAX_NAMES;
    let edge: Edge = 0;
    if (
      len > 0 &&
      len < 64 &&
      ((this.lengths[node] >> len) & 1) != 0 &&
      ((this.letters[node] >> (load<u8>(ptr) & 31)) & 1) != 0
    ) {
      const name = this.names.find(ptr, len);
      if (name >= 0) edge = this.edges[row + name];
    }
    if (edge == NOWHERE) edge = this.edges[row + ANY];
    const only = (edge >> 10) & 3;
    return only == Where.Anywhere || only == where ? edge : NOWHERE;
  }

  /** The edge from `node` to the elements of the array that it is. */
  element(node: i32): Edge {
    return this.edges[node * MAX_NAMES + ELEMENT];
  }

  private addReport(root: i32, format: ReportFormat): void {
    if (format.path.length == 0) {
      this.addFields(root, format.fields);
      return;
    }
    const edge = this.tableOf(format.fields) | (format.combine << 8);
    this.addPath(root, format.path, edge, format.where);
  }

  private tableOf(fields: Field[]): i32 {
    const key = changetype<usize>(fields);
    if (this.tables.has(key)) return this.tables.get(key);
    const node = this.newNode();
    this.tables.set(key, node);
    this.addFields(node, fields);
    return node;
  }

  private addFields(node: i32, fields: Field[]): void {
    for (let i = 0; i < fields.length; ++i) {
      const field = fields[i];
      this.addPath(node, field.path, FIRST_COUNT + field.op * 32 + field.slot, Where.Anywhere);
    }
  }

  /** Leads `path` from `node` to `target`, along new nodes where there are none. */
  private addPath(node: i32, path: string, target: Edge, where: Where): void {
    const names = path.replaceAll("[]", ".[]").split(".");
    const last = names.length - 1;
    let from = node;
    for (let i = 0; i <= last; ++i) {
      const flag: Edge = i == 0 ? where << 10 : 0;
      const name = this.nameOf(names[i]);
      const edge: Edge = this.edges[from * MAX_NAMES + name];
      if (i == last) {
        assert(edge == NOWHERE, path);
        this.link(from, names[i], target | flag);
      } else if (edge == NOWHERE) {
        const next = this.newNode();
        this.link(from, names[i], next | flag);
        from = next;
      } else {
        assert(isNode(edge), path);
        from = nodeOf(edge);
      }
    }
  }

  private link(node: i32, name: string, edge: Edge): void {
    this.edges[node * MAX_NAMES + this.nameOf(name)] = <u16>edge;
    this.lengths[node] |= (<u64>1) << name.length;
    this.letters[node] |= 1 << (name.charCodeAt(0) & 31);
  }

  private nameOf(text: string): i32 {
    if (text == "[]") return ELEMENT;
    if (text == "*") return ANY;
    const name = bytesOf(text);
    const known = this.names.find(addressOf(name), name.byteLength);
    if (known >= 0) return known;
    assert(this.nameCount < MAX_NAMES && name.byteLength < 64, text);
    this.names.add(name, this.nameCount);
    return this.nameCount++;
  }

  private newNode(): i32 {
    assert(this.nodeCount < MAX_NODES);
    return this.nodeCount++;
  }
}

/** The only one. */
export const PATHS: PathGraph = new PathGraph();
