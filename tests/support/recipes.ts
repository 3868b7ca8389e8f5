// The recipes of a document, and how their calls are made.
import { parse } from "yaml";

/** One row of a recipe's table: a call, and what becomes of it. */
export interface Row {
  /** The row as it stands, for messages. */
  readonly text: string;
  /** What happens before the call: words of the first cell that are no code, such as `60 s later`. */
  readonly before: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly [string, string][];
  /** Members of the body that differ from the usual ones. */
  readonly body: object;
  /** How many tokens the model reports. */
  readonly tokens: number;
  readonly status: number;
  readonly answerHeaders: readonly [string, string][];
  /** Texts that the answer's body has. */
  readonly answerTexts: readonly string[];
  /** The tokens that are charged; 0 if none are. */
  readonly charged: number;
}

export interface Recipe {
  readonly title: string;
  /** The block of YAML. */
  readonly config: object;
  readonly rows: readonly Row[];
}

/** The recipes of a document: every section of the second level. */
export function recipesIn(markdown: string): Recipe[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [, title = ""] = /^(.*)\n/.exec(section)!;
      const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
      if (yaml === undefined) throw new Error(`${title}: has no block of YAML`);
      const [, , ...rows] = [...section.matchAll(/^\|.*\|$/gm)].map(([line]) => line);
      if (rows.length === 0) throw new Error(`${title}: has no table of calls`);
      return { title, config: parse(yaml) as object, rows: rows.map(rowOf) };
    });
}

function rowOf(text: string): Row {
  const cells = text
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
  const [call, tokens, answer, charged] = cells;
  if (cells.length !== 4) throw new Error(`a row has four cells: ${text}`);
  const codes = codesIn(call!);
  const [, method = "POST", path = "/v1/chat/completions"] = matchIn(codes, /^(?:([A-Z]+) )?(\/\S*)$/);
  const [json = "{}"] = matchIn(codes, /^\{.*\}$/);
  return {
    text,
    before: call!.replace(/`[^`]*`/g, "").trim(),
    method,
    path,
    headers: codes.flatMap(headerOf),
    body: JSON.parse(json) as object,
    tokens: Number(tokens === "-" ? 0 : tokens),
    status: Number(/^\d{3}/.exec(answer!)?.[0]),
    answerHeaders: codesIn(answer!).flatMap(headerOf),
    answerTexts: [...answer!.replace(/`[^`]*`/g, "").matchAll(/"([^"]+)"/g)].map(([, part]) => part!),
    charged: Number(charged === "-" ? 0 : charged),
  };
}

const codesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

function matchIn(codes: string[], pattern: RegExp): string[] {
  return codes.map((code) => pattern.exec(code)).find((match) => match !== null) ?? [];
}

function headerOf(code: string): [string, string][] {
  const [, name, value] = /^([a-z][a-z0-9-]*): ?(.*)$/.exec(code) ?? [];
  return name === undefined ? [] : [[name, value!]];
}
