import pc from "picocolors";

/** A column of a table that is printed row by row. */
export interface Column {
  readonly title: string;
  /** In characters. */
  readonly width: number;
  /** Aligned to the right, for numbers. */
  readonly right?: boolean;
}

/** The head of a table. */
export function head(columns: readonly Column[]): string {
  const titles = row(
    columns,
    columns.map(({ title }) => title),
  );
  return `${pc.bold(titles)}\n${pc.dim(columns.map(({ width }) => "─".repeat(width)).join("  "))}`;
}

/** A row of a table; a cell for each column. */
export function row(columns: readonly Column[], cells: readonly string[]): string {
  return columns
    .map(({ width, right }, index) => {
      const cell = cells[index] ?? "";
      return right ? cell.padStart(width) : cell.padEnd(width);
    })
    .join("  ")
    .trimEnd();
}
