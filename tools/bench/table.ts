/** Columns of text under their headings, the first aligned to the left and numbers to the right. */
export function table(headings: string[], rows: string[][]): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]!.length)));
  const isLeft = headings.map((_, i) => i === 0 || rows.every((row) => /^(\D|$)/.test(row[i]!)));
  const line = (cells: string[]): string =>
    cells
      .map((cell, i) => (isLeft[i] ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(headings), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}
