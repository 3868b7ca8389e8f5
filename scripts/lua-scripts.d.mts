/** A line of Lua without the blanks that nothing needs. */
export function squeezed(line: string): string;
