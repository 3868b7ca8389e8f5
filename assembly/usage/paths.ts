import { addressOf, areSame, bytesOf } from "../bytes/bytes";
import {
  ARGUMENTS,
  BEDROCK_CHUNK,
  Extent,
  Field,
  GENERATED,
  IDS,
  NOT_AT_ROOT,
  NOT_GENERATED,
  RANKED,
  REPORTS,
  ReportFormat,
  Share,
  SOUND,
  TextFormat,
  THOUGHTS,
  Where,
} from "./formats";
import { addName, NAME_SET } from "../json/names";
import { Op, Slot } from "./report";
import { Combine } from "./tally";

/*
 * The tables of `formats`, compiled into a graph. Each object on a path is a node; a member's name leads along an edge to
 * another node or to a count. An edge is 16 bits:
 *
 *     15 14   13    12   11 10   9   8   7                    0
 *   +-------+----+------+-------+---------+---------------------+
 *   | Share | id | text | Where | Combine | target              |
 *   +-------+----+------+-------+---------+---------------------+
 *
 *     7    6 5   4       0
 *   +---+------+-----------+
 *   | 0 | node, 1 to 127   |   target: another node; 0 if nothing is known
 *   +---+------+-----------+
 *   | 1 |  Op  |   Slot    |   target: a count
 *   +---+------+-----------+
 *
 *   target   also 254: explicitly nothing; 255: a JSON text in base64. No count has these numbers
 *   Combine  how the report that begins at the node relates to others
 *   Where    in which texts the report counts; only on edges from the root
 *   text     the value is generated text: a string, or all of a container that is not a node
 *   id       a string here is the id of the response
 *   Share    how the text relates to the other text of the response
 *
 * The graph is built once, when the module starts, and then only read. The garbage collector does not manage it.
 */
export type Edge = u32;

/** The edge that leads nowhere. */
export const NOWHERE: Edge = 0;
const ENCODED: Edge = 255;
/** Excludes a name from `*`. */
const EXCLUDED: Edge = 254;
const TEXT: Edge = 1 << 12;
const ID: Edge = 1 << 13;
const SHARE_SHIFT: i32 = 14;
const FIRST_COUNT: u32 = 128;

/** Bounds of the graph, checked when it is built. */
const MAX_NODES: i32 = 88;
const MAX_NAMES: i32 = 250;
const MAX_NAME_LENGTH: i32 = 40;
/** `_id` and `_url`, lowest byte first. */
const UNDERSCORE_ID: u32 = 0x64695f;
const UNDERSCORE_URL: u32 = 0x6c72755f;
/** Special names: any element of an array, and any member. */
const ELEMENT: i32 = 0;
const ANY: i32 = 1;

/** An edge (u16) for each node and name. */
const EDGES: usize = memory.data(MAX_NODES * MAX_NAMES * 2);
/** For each node, the set of its names; see json/names. */
const NAME_SETS: usize = memory.data(MAX_NODES * NAME_SET);
/** A hash table of names. Each slot holds the number of a name, or 0; the number of slots is a power of two. */
const SLOTS: usize = memory.data(512);
const SLOT_MASK: u32 = 511;
/** For each name, its address and length as two u32. */
const NAMES: usize = memory.data(MAX_NAMES * 8);

// @ts-ignore: decorator
@inline
export function isNode(edge: Edge): bool {
  return (edge & 255) - 1 < FIRST_COUNT - 1;
}

// @ts-ignore: decorator
@inline
export function isCount(edge: Edge): bool {
  return (edge & 255) - FIRST_COUNT < EXCLUDED - FIRST_COUNT;
}

/** Whether `edge` leads to a string that holds another JSON text in base64. */
// @ts-ignore: decorator
@inline
export function isEncoded(edge: Edge): bool {
  return (edge & 255) == ENCODED;
}

/** Whether `edge` leads to generated text. */
// @ts-ignore: decorator
@inline
export function isText(edge: Edge): bool {
  return (edge & TEXT) != 0;
}

/** Whether `edge` leads to the id of the response, if that is a string. */
// @ts-ignore: decorator
@inline
export function isId(edge: Edge): bool {
  return (edge & ID) != 0;
}

// @ts-ignore: decorator
@inline
export function shareOf(edge: Edge): Share {
  return (edge >> SHARE_SHIFT) & 3;
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

/** The edge from `node` for the member whose name is the `len` bytes at `ptr`, in a text found at `where`. */
export function member(node: i32, ptr: usize, len: i32, where: Where): Edge {
  let edge = NOWHERE;
  if (len > 0 && len <= MAX_NAME_LENGTH) {
    const name = find(ptr, len);
    if (name > 0) edge = edgeAt(node, name);
  }
  if (edge == NOWHERE && !isReference(ptr, len)) edge = edgeAt(node, ANY);
  if (edge == EXCLUDED) return NOWHERE;
  const only = (edge >> 10) & 3;
  return only == Where.Anywhere || only == where ? edge : NOWHERE;
}

/** Whether an unknown name denotes an id or an address: `run_id`, `video_url`. */
function isReference(ptr: usize, len: i32): bool {
  if (len < 4) return false;
  const end = load<u32>(ptr + len - 4);
  return end >> 8 == UNDERSCORE_ID || end == UNDERSCORE_URL;
}

/** The set of the names that lead on from `node`. */
// @ts-ignore: decorator
@inline
export function namesOf(node: i32): usize {
  return NAME_SETS + node * NAME_SET;
}

/** The edge from `node`, an array, to its elements. */
export function element(node: i32): Edge {
  return edgeAt(node, ELEMENT);
}

// @ts-ignore: decorator
@inline
function edgeAt(node: i32, name: i32): Edge {
  return load<u16>(EDGES + ((node * MAX_NAMES + name) << 1));
}

/** The number of the name that is the `len` bytes at `ptr`; 0 if it is unknown. */
// @ts-ignore: decorator
@inline
function find(ptr: usize, len: i32): i32 {
  let slot = hash(ptr, len);
  let name: i32 = load<u8>(SLOTS + slot);
  // The table is at most half full, so the search ends.
  while (name != 0) {
    const entry = NAMES + ((<usize>name) << 3);
    if (load<u32>(entry, 4) == <u32>len && areSame(load<u32>(entry), ptr, len)) break;
    slot = (slot + 1) & SLOT_MASK;
    name = load<u8>(SLOTS + slot);
  }
  return name;
}

/** There are few names, and nearly all differ in their first byte, last byte or length. */
// @ts-ignore: decorator
@inline
function hash(ptr: usize, len: i32): u32 {
  return (<u32>load<u8>(ptr) * 37 + <u32>load<u8>(ptr + len - 1) * 23 + <u32>len * 19) & SLOT_MASK;
}

/** Fills the tables above. */
@final
class Builder {
  private names: i32 = ANY + 1;
  private nodes: i32 = 1;
  /** The node of each table of fields, so that reports with the same table share its nodes. */
  private shared: Field[][] = [];
  private sharedNodes: i32[] = [];
  /** For each `Share`, the node of everything below such a text. */
  private below: StaticArray<i32> = new StaticArray<i32>(4);
  /** A node without edges. */
  private dead: i32 = 0;

  /** Builds the graph. @returns the edge to the root of a text */
  build(): Edge {
    const root = this.newNode();
    const edge: Edge = root | (Combine.Merge << 8) | textOf(Share.Piece);
    // Each element of a root array is a text.
    this.link(root, "[]", edge);
    this.link(root, BEDROCK_CHUNK, ENCODED | (Where.AwsEvent << 10));
    for (let i = 0; i < REPORTS.length; ++i) this.addReport(root, REPORTS[i]);
    for (let i = 0; i < IDS.length; ++i) this.addPath(root, IDS[i], ID, Where.Anywhere);
    this.dead = this.newNode();
    for (let share = 0; share < 4; ++share) this.below[share] = this.newNode();
    for (let share = 0; share < 4; ++share) this.addStrings(this.below[share], share);
    for (let i = 0; i < GENERATED.length; ++i) this.addText(root, GENERATED[i]);
    return edge;
  }

  /** Marks the value at a path as text, in addition to its other meanings. */
  private addText(root: i32, format: TextFormat): void {
    if (format.path.length == 0) return this.addMembers(root, format.share);
    const names = namesIn(format.path);
    const last = names.length - 1;
    let from = root;
    for (let i = 0; i < last; ++i) from = this.nodeBehind(from, names[i]);
    const name = names[last];
    let edge = edgeAt(from, this.nameOf(name));
    if (format.extent == Extent.Members) return this.addMembers(nodeOf(edge), format.share);
    if (format.extent == Extent.Strings) {
      if (isNode(edge)) this.addStrings(nodeOf(edge), format.share);
      else edge |= this.below[format.share];
    } else if (format.extent == Extent.String && !isNode(edge)) {
      edge |= this.dead;
    }
    this.link(from, name, edge | textOf(format.share));
  }

  /** Marks all strings in the value at a node as text, except under names that mean something else. */
  private addStrings(node: i32, share: Share): void {
    const below = (<Edge>this.below[share]) | textOf(share);
    this.linkNew(node, "[]", below);
    for (let i = 0; i < NOT_GENERATED.length; ++i) this.linkNew(node, NOT_GENERATED[i], EXCLUDED);
    for (let i = 0; i < ARGUMENTS.length; ++i) this.linkNew(node, ARGUMENTS[i], textOf(share));
    for (let i = 0; i < SOUND.length; ++i) this.linkNew(node, SOUND[i], this.below[share]);
    for (let i = 0; i < RANKED.length; ++i) this.linkNew(node, RANKED[i], (<Edge>this.dead) | textOf(share));
    if (share != Share.Whole && share != Share.Thought) {
      const thoughts = (<Edge>this.below[Share.Thought]) | textOf(Share.Thought);
      for (let i = 0; i < THOUGHTS.length; ++i) this.linkNew(node, THOUGHTS[i], thoughts);
    }
    this.linkNew(node, "*", below);
  }

  /** The same for a node that holds more than text. */
  private addMembers(node: i32, share: Share): void {
    this.linkNew(node, "[]", EXCLUDED);
    for (let i = 0; i < NOT_AT_ROOT.length; ++i) this.linkNew(node, NOT_AT_ROOT[i], EXCLUDED);
    this.addStrings(node, share);
  }

  private linkNew(node: i32, name: string, edge: Edge): void {
    if (edgeAt(node, this.nameOf(name)) == NOWHERE) this.link(node, name, edge);
  }

  /** The node that a name leads to; a new one if there is none. */
  private nodeBehind(from: i32, name: string): i32 {
    const edge = edgeAt(from, this.nameOf(name));
    if (isNode(edge)) return nodeOf(edge);
    assert((edge & 255) == NOWHERE, name);
    const next = this.newNode();
    this.link(from, name, edge | next);
    return next;
  }

  private addReport(root: i32, format: ReportFormat): void {
    if (format.path.length == 0) {
      this.addFields(root, format.fields);
      return;
    }
    let known = this.shared.indexOf(format.fields);
    if (known < 0) {
      const node = this.newNode();
      known = this.shared.push(format.fields) - 1;
      this.sharedNodes.push(node);
      this.addFields(node, format.fields);
    }
    this.addPath(root, format.path, this.sharedNodes[known] | (format.combine << 8), format.where);
  }

  private addFields(node: i32, fields: Field[]): void {
    for (let i = 0; i < fields.length; ++i) {
      const field = fields[i];
      this.addPath(node, field.path, FIRST_COUNT + (field.op << 5) + field.slot, Where.Anywhere);
    }
  }

  /** Links `path` from `node` to `target`, and adds the nodes that are missing. */
  private addPath(node: i32, path: string, target: Edge, where: Where): void {
    const names = namesIn(path);
    const last = names.length - 1;
    let from = node;
    for (let i = 0; i <= last; ++i) {
      const flag: Edge = i == 0 ? where << 10 : 0;
      if (i < last) {
        const next = this.nodeBehind(from, names[i]);
        if (flag != 0) this.link(from, names[i], edgeAt(from, this.nameOf(names[i])) | flag);
        from = next;
      } else {
        assert(edgeAt(from, this.nameOf(names[i])) == NOWHERE, path);
        this.link(from, names[i], target | flag);
      }
    }
  }

  private link(node: i32, text: string, edge: Edge): void {
    const name = this.nameOf(text);
    store<u16>(EDGES + ((node * MAX_NAMES + name) << 1), <u16>edge);
    if (name == ANY) {
      memory.fill(namesOf(node), 0xff, NAME_SET);
    } else if (name != ELEMENT) {
      const entry = NAMES + ((<usize>name) << 3);
      addName(namesOf(node), load<u32>(entry), load<u32>(entry, 4));
    }
  }

  private nameOf(text: string): i32 {
    if (text == "[]") return ELEMENT;
    if (text == "*") return ANY;
    const bytes = bytesOf(text);
    const len = bytes.byteLength;
    const known = find(addressOf(bytes), len);
    if (known > 0) return known;

    assert(len <= MAX_NAME_LENGTH && this.names < MAX_NAMES, text);
    const ptr = heap.alloc(len);
    memory.copy(ptr, addressOf(bytes), len);
    const entry = NAMES + ((<usize>this.names) << 3);
    store<u32>(entry, <u32>ptr);
    store<u32>(entry, <u32>len, 4);
    let slot = hash(ptr, len);
    while (load<u8>(SLOTS + slot) != 0) slot = (slot + 1) & SLOT_MASK;
    store<u8>(SLOTS + slot, <u8>this.names);
    return this.names++;
  }

  private newNode(): i32 {
    assert(this.nodes < MAX_NODES);
    return this.nodes++;
  }
}

/** The names of a path, starting from the root. */
function namesIn(path: string): string[] {
  return path.split("[]").join(".[]").split(".");
}

function textOf(share: Share): Edge {
  return TEXT | ((<Edge>share) << SHARE_SHIFT);
}

/** The edge to the root of a text. */
export const ROOT: Edge = new Builder().build();
