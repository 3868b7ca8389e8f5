import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
  type Scalar,
} from "yaml";
import type { Path } from "./problem.ts";
import { isObject, type Json } from "./yaml.ts";

/** Counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A mistake in YAML itself. */
export interface SyntaxProblem {
  readonly position?: Position;
  readonly message: string;
  readonly severity: "error" | "warning";
}

const OPTIONS = { intAsBigInt: true, merge: true, prettyErrors: false, logLevel: "error" } as const;

/**
 * Reads all documents of a YAML (or JSON) text, as far as they can be read; empty ones are left out.
 * `problems` are all mistakes, of all documents.
 */
export function parseSource(text: string): { documents: SourceDocument[]; problems: SyntaxProblem[] } {
  const lines = new LineCounter();
  const problems: SyntaxProblem[] = [];
  const documents: SourceDocument[] = [];
  for (const document of parse(text, lines, problems)) {
    for (const error of [...document.errors, ...document.warnings]) {
      const severity = error.name === "YAMLWarning" ? "warning" : "error";
      problems.push({ severity, message: error.message, position: toPosition(lines, error.pos[0]) });
    }
    // What is known twice can be read on; of what has no structure, nothing can.
    if (document.errors.some(({ code }) => code !== "DUPLICATE_KEY")) continue;
    const value = toValue(document, problems);
    if (value !== null) documents.push(new SourceDocument(value, document, text, lines));
  }
  return { documents, problems };
}

function parse(text: string, lines: LineCounter, problems: SyntaxProblem[]): Document[] {
  try {
    return parseAllDocuments(text, { ...OPTIONS, lineCounter: lines });
  } catch (error) {
    problems.push({ severity: "error", message: reasonOf(error) });
    return [];
  }
}

// An alias that refers to nothing, to itself, or too many of them, shows only on conversion.
function toValue(document: Document, problems: SyntaxProblem[]): Json {
  try {
    const value = document.toJS() as Json;
    assertFinite(value, new Set());
    return value;
  } catch (error) {
    problems.push({ severity: "error", message: reasonOf(error) });
    return null;
  }
}

/** @throws if a list or mapping holds itself */
function assertFinite(value: Json, above: Set<Json>): void {
  if (typeof value !== "object" || value === null) return;
  if (above.has(value)) throw new Error("an alias refers to what it stands in");
  above.add(value);
  for (const inner of Object.values(value)) assertFinite(inner, above);
  above.delete(value);
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return "it is nested too deeply";
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line;
}

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** One document, which knows where everything in it stands. */
export class SourceDocument {
  constructor(
    readonly value: Json,
    private readonly document: Document<Node>,
    private readonly text: string,
    private readonly lines: LineCounter,
  ) {}

  /**
   * Where the value at `path` begins, or the name of its field; where it is missing, what it should be in. Through aliases
   * and merges, it is where the text stands.
   */
  position(path: Path, isAboutName: boolean): Position | undefined {
    const { key, node } = this.find(path);
    const offset = (isAboutName ? (key ?? node) : node)?.range?.[0];
    return offset === undefined ? undefined : toPosition(this.lines, offset);
  }

  /** Where `offset` of the text at `path` stands; where the text begins, if it is written in another way. */
  positionInText(path: Path, offset: number): Position | undefined {
    const { node } = this.find(path);
    if (node === undefined || !isScalar(node) || typeof node.value !== "string" || node.range == null) {
      return this.position(path, false);
    }
    const start = node.range[0];
    const before = node.value.slice(0, offset).split("\n");
    if (node.type === "BLOCK_LITERAL") return this.inBlock(node, before);
    const verbatim = this.text.slice(start, node.range[1]).indexOf(node.value);
    return toPosition(this.lines, verbatim < 0 ? start : start + verbatim + offset);
  }

  private inBlock(node: Scalar, before: string[]): Position {
    const header = toPosition(this.lines, node.range?.[0] ?? 0);
    const [first = ""] = String(node.value).split("\n");
    // The indentation is what stands before the first line of the value in the text.
    const lines = this.text.slice(node.range?.[0]).split("\n");
    const indent = (lines[1]?.length ?? 0) - first.length;
    const column = (before.at(-1)?.length ?? 0) + Math.max(0, first === "" ? 0 : indent) + 1;
    return { line: header.line + before.length, column };
  }

  private find(path: Path): { key?: Node; node?: Node } {
    let key: Node | undefined;
    let node = this.resolve(this.document.contents);
    for (const segment of path) {
      const next = this.step(node, segment);
      if (next === undefined) break;
      ({ key } = next);
      node = this.resolve(next.value);
    }
    return { ...(key === undefined ? {} : { key }), ...(node === undefined ? {} : { node }) };
  }

  private step(
    node: Node | undefined,
    segment: string | number,
  ): { key?: Node; value: Node | null } | undefined {
    if (isSeq(node)) return { value: (node.items[Number(segment)] ?? null) as Node | null };
    if (!isMap(node)) return undefined;
    for (const { key, value } of node.items) {
      if (isScalar(key) && String(key.value) === String(segment)) return { key, value: value as Node | null };
    }
    for (const { key, value } of node.items) {
      if (!isScalar(key) || !isMergeKey(key.value)) continue;
      const merged = this.resolve(value as Node);
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const found = this.step(this.resolve(source as Node), segment);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  private resolve(node: Node | null | undefined): Node | undefined {
    if (isAlias(node)) return node.resolve(this.document) ?? undefined;
    return node ?? undefined;
  }
}

function isMergeKey(key: unknown): boolean {
  return key === "<<" || (typeof key === "symbol" && key.description === "<<");
}

/** Every number that JSON does not have: .inf and .nan. */
export function unrepresentable(value: Json, path: Path = []): Path[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => unrepresentable(item, [...path, index]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => unrepresentable(field, [...path, name]));
}
