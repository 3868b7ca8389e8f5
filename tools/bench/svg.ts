// What the charts have in common.

export const WIDTH = 760;
export const MARGIN = 24;
export const BAR = 15;
export const GAP = 4;
export const INK = "#1f2937";
export const FAINT = "#64748b";
export const COLORS = { ours: "#0f766e", floor: "#a8b3c2", peer: "#d97706" };

/** A chart with a title and a line of small print, around what is given. */
export function page(title: string, foot: string, height: number, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(MARGIN, 32, title, INK, 'font-size="16" font-weight="600"'),
    ...content,
    text(MARGIN, height - 16, foot, FAINT, 'font-size="11"'),
    "</svg>",
    "",
  ].join("\n");
}

/** What each color stands for, in a row. */
export function legend(entries: readonly (readonly [label: string, color: string])[]): string[] {
  let x = MARGIN;
  return entries.flatMap(([label, color]) => {
    const parts = [
      `<rect x="${x}" y="46" width="11" height="11" rx="2" fill="${color}"/>`,
      text(x + 17, 56, label, FAINT),
    ];
    x += 17 + 7 * label.length + 22;
    return parts;
  });
}

/** A horizontal bar. */
export function bar(x: number, y: number, width: number, color: string): string {
  return `<rect x="${x}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${BAR}" rx="2" fill="${color}"/>`;
}

/** A text that begins at `x`. */
export function text(x: number, y: number, content: string, fill: string, attributes = ""): string {
  const escaped = content.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${fill}" ${attributes}>${escaped}</text>`;
}
