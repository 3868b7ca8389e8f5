import { LineCounter, parseAllDocuments } from "yaml";

/** A configuration that cannot be used; the message is one line, with `file:line:column` where there is one. */
export class ConfigError extends Error {}

/** What YAML and JSON have in common; integers are bigint, so that they keep every digit. */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads all documents of a YAML (or JSON) text; empty ones are left out.
 * @throws ConfigError with the position of the first mistake; `source` names the text in the message.
 */
export function parseYaml(text: string, source: string): Json[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, intAsBigInt: true, merge: true });
  return documents.flatMap((document) => {
    const error = document.errors[0];
    if (error !== undefined) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      const [message = ""] = error.message.split(/ at line \d+/);
      throw new ConfigError(`${source}:${line}:${col}: ${message}`);
    }
    const value = toJson(() => document.toJS() as Json, source);
    return value === null ? [] : [value];
  });
}

// An alias that refers to nothing, or too many of them, shows only on conversion.
function toJson(convert: () => Json, source: string): Json {
  try {
    return convert();
  } catch (error) {
    throw new ConfigError(`${source}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * JSON text; integers keep their digits whatever their size.
 * @throws ConfigError for .inf and .nan, which JSON does not have.
 */
export function stringify(value: Json): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value))
    throw new ConfigError(`${value} is not a number in JSON`);
  if (Array.isArray(value)) return `[${value.map(stringify).join(",")}]`;
  if (isObject(value)) {
    const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}:${stringify(field)}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value);
}
