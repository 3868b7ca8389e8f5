/** A configuration that cannot be used; the message is one line, with `file:line:column` where there is one. */
export class ConfigError extends Error {}

/** What YAML and JSON have in common; integers are bigint, so that they keep every digit. */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** "a list", "nothing" and so on, for messages; never the value itself. */
export function describe(value: Json | undefined): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") return "text";
  return typeof value === "boolean" ? "a boolean" : "a number";
}

/**
 * JSON text; integers keep their digits whatever their size. Numbers that JSON does not have, .inf and .nan, are null; whoever
 * must not have that looks for them before (`unrepresentable`).
 */
export function stringify(value: Json): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(stringify).join(",")}]`;
  if (isObject(value)) {
    const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}:${stringify(field)}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value);
}
