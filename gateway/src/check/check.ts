import { parseSource, unrepresentable, type Position, type SourceDocument } from "../config/document.ts";
import { extract, type Extract } from "../config/extract.ts";
import { mapPaths, readProblem } from "../config/filter-path.ts";
import { OWN_PLUGINS, type OwnPlugin } from "../config/own-plugins.ts";
import { formatPath, Problems, type Path } from "../config/problem.ts";
import { inWords } from "../config/words.ts";
import { isObject, stringify, type Json, type JsonObject } from "../config/yaml.ts";
import type { Judges } from "../modules.ts";
import { judge } from "./judge.ts";

/** One thing to be said about a file. */
export interface Finding {
  readonly severity: "error" | "warning" | "note";
  /** The file. */
  readonly source: string;
  readonly position: Position | undefined;
  /** As in `spec.matchRules[1].config.rule_name`; "" where it is about the whole. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that was found and judged. */
export interface CheckedConfiguration {
  readonly source: string;
  readonly plugin: OwnPlugin;
  readonly kind: Extract["kind"];
  /** Where it stands in the file; "" if it is all of it. */
  readonly path: string;
  readonly isAccepted: boolean;
  /** What it does, in words; nothing for one that is refused. */
  readonly rules: readonly string[];
}

export interface Report {
  readonly findings: readonly Finding[];
  readonly configurations: readonly CheckedConfiguration[];
}

/**
 * Checks every configuration in a text, as files hold them; the plugin that it is of is the judge of each.
 * @param text YAML or JSON, of one document or several
 * @param source names it in the findings
 * @param judges of a plugin that has none here, configurations are noted and left alone
 */
export function checkText(text: string, source: string, judges: Judges): Report {
  const { documents, problems } = parseSource(text);
  const syntax = problems.map(({ severity, position, message }) => ({
    severity,
    source,
    position,
    path: "",
    message,
  }));
  const reports = documents.map((document) => checkDocument(document, source, judges));
  const findings = [...syntax, ...reports.flatMap((report) => report.findings)];
  const configurations = reports.flatMap((report) => report.configurations);
  if (configurations.length === 0 && findings.length === 0)
    findings.push(nothingIn(source, documents.length === 0));
  return { findings: inOrder(findings), configurations };
}

/** Other objects of Kubernetes may stand in the same folder, and nothing is wrong with them. */
function nothingIn(source: string, isEmpty: boolean): Finding {
  const severity = isEmpty ? "error" : "note";
  const message = `there is no configuration of ${OWN_PLUGINS.join(" or ")} in it`;
  return { severity, source, position: undefined, path: "", message };
}

/** Whether something was checked, and nothing in it is wrong. */
export function isFlawless(reports: readonly Report[]): boolean {
  const hasErrors = reports.some(({ findings }) => findings.some(({ severity }) => severity === "error"));
  return !hasErrors && reports.some(({ configurations }) => configurations.length > 0);
}

/** The same for a value that is no text. */
export function checkValue(value: Json, source: string, judges: Judges): Report {
  return checkDocument({ value, position: () => undefined, positionInText: () => undefined }, source, judges);
}

type Located = Pick<SourceDocument, "value" | "position" | "positionInText">;

function checkDocument(document: Located, source: string, judges: Judges): Report {
  const problems = new Problems();
  const { extracts, notes } = extract(document.value, problems);
  for (const path of unrepresentable(document.value)) problems.error(path, "is not a number in JSON");
  const findings: Finding[] = problems.list.map(({ severity, path, message, isAboutName = false }) => ({
    severity,
    source,
    position: document.position(path, isAboutName),
    path: pathText(path),
    message,
  }));
  const note = (path: Path, message: string): void => {
    const position = document.position(path, false);
    findings.push({ severity: "note", source, position, path: pathText(path), message });
  };
  for (const { path, message } of notes) note(path, message);
  const configurations: CheckedConfiguration[] = [];
  for (const found of extracts) {
    const module = judges.get(found.plugin);
    if (module === undefined) {
      note(found.root, `is a configuration of ${found.plugin}; it was not checked`);
      continue;
    }
    const before = findings.length;
    // A text in the document is a document of its own.
    const inner = typeof found.config === "string" ? parseSource(found.config).documents[0] : undefined;
    findings.push(...judgeExtract(found, inner, document, source, module));
    const isAccepted = !findings.slice(before).some(({ severity }) => severity === "error");
    const { plugin, kind, root } = found;
    const rules = isAccepted ? inWords(plugin, valueOf(found, inner)) : [];
    configurations.push({ source, plugin, kind, path: pathText(root), isAccepted, rules });
  }
  return { findings, configurations };
}

function judgeExtract(
  found: Extract,
  inner: SourceDocument | undefined,
  document: Located,
  source: string,
  module: WebAssembly.Module,
): Finding[] {
  const text = typeof found.config === "string" ? found.config : stringify(found.config);
  const value = valueOf(found, inner);
  const toPath = (path: Path): string => pathText(found.toDocument(path));
  return judge(module, found.plugin, text).lines.map(({ severity, text: line }) => {
    const { path, message } = readProblem(line, value);
    const words = mapPaths(found.toWords(message), value, toPath);
    return {
      severity,
      source,
      position: positionOf(found, inner, document, path, message),
      path: toPath(path),
      message: words,
    };
  });
}

function positionOf(
  found: Extract,
  inner: SourceDocument | undefined,
  document: Located,
  path: Path,
  message: string,
): Position | undefined {
  const isAboutName = /^is (not a known field|there more than once)/.test(message);
  if (typeof found.config !== "string") return document.position(found.toDocument(path), isAboutName);
  if (!found.isVerbatim) return document.position(found.root, false);
  const [, byte] = /, at byte (\d+)$/.exec(message) ?? [];
  const offset =
    path.length === 0 && byte !== undefined
      ? Buffer.from(found.config).subarray(0, Number(byte)).toString().length
      : offsetOf(inner?.position(path, isAboutName), found.config);
  return document.positionInText(found.root, offset);
}

/** How many characters stand before a position. */
function offsetOf(position: Position | undefined, text: string): number {
  if (position === undefined) return 0;
  const before = text.split("\n").slice(0, position.line - 1);
  return before.reduce((sum, line) => sum + line.length + 1, position.column - 1);
}

/** The configuration as a value; an empty one if it is a text that cannot be read, which the filter has said. */
function valueOf({ config }: Extract, inner: SourceDocument | undefined): JsonObject {
  if (typeof config !== "string") return config;
  return isObject(inner?.value) ? inner.value : {};
}

function pathText(path: Path): string {
  return path.length === 0 ? "" : formatPath(path);
}

/** As they stand in the file; what belongs nowhere comes first. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const line = ({ position }: Finding): number => position?.line ?? 0;
  const column = ({ position }: Finding): number => position?.column ?? 0;
  return findings.toSorted((a, b) => line(a) - line(b) || column(a) - column(b));
}
