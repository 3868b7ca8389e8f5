// A code block in a document that a program writes, behind a comment that names its source.
import { readFileSync, writeFileSync } from "node:fs";

const END = "```\n";

/** The lines of the block; throws when the document has no place for it. @param source what the comment says */
export function blockIn(text: string, source: string): string {
  const { from, to } = placeIn(text, source);
  return text.slice(from, to);
}

/** Replaces the lines of the block in a file. */
export function writeBlock(file: string, source: string, lines: string): void {
  const text = readFileSync(file, "utf8");
  const { from, to } = placeIn(text, source);
  writeFileSync(file, text.slice(0, from) + lines + text.slice(to));
}

function placeIn(text: string, source: string): { from: number; to: number } {
  const begin = `<!-- From ${source}. -->\n\n\`\`\`\n`;
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(END, from);
  if (from < begin.length || to < 0)
    throw new Error(`there is no ${begin.trim()} with a code block behind it`);
  return { from, to };
}
