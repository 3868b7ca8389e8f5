import type { Path } from "./problem.ts";
import { isObject, type Json } from "./yaml.ts";

/** Names that are longer are cut in the filter's messages. */
const MAX_NAME = 40;

/**
 * Reads what the filter says about its configuration, `rule_items[0].limit_keys[1].key: is missing`. Names of fields may hold
 * anything, so the path is followed through the configuration.
 */
export function readProblem(line: string, config: Json): { path: Path; message: string } {
  if (line.startsWith("configuration: ")) return { path: [], message: line.slice("configuration: ".length) };
  return follow(line, config) ?? { path: [], message: line };
}

function follow(line: string, config: Json): { path: Path; message: string } | null {
  const path: (string | number)[] = [];
  let node: Json | undefined = config;
  let at = 0;
  while (at < line.length) {
    if (line.startsWith(": ", at) && at > 0) return { path, message: line.slice(at + 2) };
    const [bracket, index] = /^\[(\d+)\]/.exec(line.slice(at, at + 12)) ?? [];
    if (bracket !== undefined) {
      at += bracket.length;
      // An object that stands for a list of it is its own first element.
      if (isObject(node)) continue;
      path.push(Number(index));
      node = Array.isArray(node) ? node[Number(index)] : undefined;
      continue;
    }
    if (at > 0 && line[at++] !== ".") return null;
    const name = nameAt(line, at, node);
    if (name === null) return null;
    path.push(name.name);
    node = isObject(node) ? node[name.name] : undefined;
    at += name.length;
  }
  return null;
}

function nameAt(line: string, at: number, node: Json | undefined): { name: string; length: number } | null {
  const known = (isObject(node) ? Object.keys(node) : [])
    .map((name) => ({ name, shown: name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name }))
    .filter(({ shown }) => line.startsWith(shown, at) && /^(\.|\[|: )/.test(line.slice(at + shown.length)))
    .sort((a, b) => b.shown.length - a.shown.length)[0];
  if (known !== undefined) return { name: known.name, length: known.shown.length };
  const [word] = /^\w+/.exec(line.slice(at)) ?? [];
  return word === undefined ? null : { name: word, length: word.length };
}

/** A message with the paths in it that have a position in a list, such as `rule_items[0]`, put through `format`. */
export function mapPaths(message: string, config: Json, format: (path: Path) => string): string {
  return message.replace(/\b[a-z_]\w*\[\d+\](?:\.\w+|\[\d+\])*/g, (text) => {
    const found = follow(`${text}: `, config);
    return found === null ? text : format(found.path);
  });
}
