/** The text cannot be read as a command. */
export class CommandLineError extends Error {}

/**
 * Takes a command line apart as a POSIX shell does: quotes, backslashes, `$'…'`, continued lines. Nothing is expanded: of what a shell
 * would fill in, such as `$KEY`, the name stays.
 * @throws CommandLineError for a quote that is never closed
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  const until = (quote: string, from: number): number => {
    for (let i = from; i < text.length; i++) {
      if (text[i] === quote) return i;
      if (text[i] === "\\" && quote !== "'") i++;
    }
    throw new CommandLineError(`a ${quote} is never closed`);
  };
  while (at < text.length) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
      at++;
    } else if (char === "\\") {
      if (text[at + 1] !== "\n" && text.slice(at + 1, at + 3) !== "\r\n")
        word = (word ?? "") + (text[at + 1] ?? "");
      at += text[at + 1] === "\r" ? 3 : 2;
    } else if (char === "'") {
      const end = until("'", at + 1);
      word = (word ?? "") + text.slice(at + 1, end);
      at = end + 1;
    } else if (char === '"') {
      const end = until('"', at + 1);
      word = (word ?? "") + text.slice(at + 1, end).replace(/\\(["\\$`])|\\\r?\n/g, "$1");
      at = end + 1;
    } else if (char === "$" && text[at + 1] === "'") {
      const end = untilAnsiEnd(text, at + 2);
      word = (word ?? "") + unescapeAnsi(text.slice(at + 2, end));
      at = end + 1;
    } else {
      word = (word ?? "") + char;
      at++;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

function untilAnsiEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === "'") return i;
    if (text[i] === "\\") i++;
  }
  throw new CommandLineError("a ' is never closed");
}

const ANSI: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** What browsers write when they copy a request as curl. */
function unescapeAnsi(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([\s\S]))/gi, (_all, byte, unit, char) => {
    const code = (byte ?? unit) as string | undefined;
    if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
    return ANSI[char as string] ?? String(char);
  });
}
