/** A line of Lua without the blanks that nothing needs. */
export function squeezed(line: string): string;
/** The script of a source in assembly/ledger/lua, such as `hold`, for so many counters, as the filter sends it. */
export function scriptText(name: string, counters: number): string;
