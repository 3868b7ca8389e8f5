import "../../../assembly/abi/abort";
import { compileRegex, Regex } from "../../../assembly/regex/regex";

let compiled: Regex | null = null;

/** Compiles and keeps a pattern: "" or "offset: error". */
export function compile(pattern: ArrayBuffer): string {
  const result = compileRegex(pattern);
  compiled = result.regex;
  return result.regex === null ? `${result.offset}: ${result.error}` : "";
}

/** Whether the pattern compiled last is found in `text`; false when it was refused. */
export function search(text: ArrayBuffer): bool {
  const regex = compiled;
  return regex !== null && regex.search(changetype<usize>(text), text.byteLength);
}
