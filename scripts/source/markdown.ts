/** Programs that the documents tell a reader to run; a block without a language that begins with one holds shell commands. */
const PROGRAMS =
  /^(make|npx|npm|node|kubectl|istioctl|docker|curl|redis-server|git|envoy|\w+=\S+ |(deploy|scripts)\/\S+\.sh)/;
const SHELLS = new Set(["sh", "bash", "shell", "console"]);
/** A file of the project, as a word of a command. */
const FILE = /^(ai-quota|assembly|deploy|docs|gateway|scripts|tests|tools)\/\S*\.\w+$/;

/** What the commands in documents may name. */
export interface Known {
  readonly makeTargets: ReadonlySet<string>;
  /** Commands and options of the gateway's command line, such as `serve` and `--port`. */
  readonly cliWords: ReadonlySet<string>;
  readonly exists: (path: string) => boolean;
}

/** The shell commands in a document as one script in which each line has the number that it has in the document. */
export function shellIn(text: string): string {
  let isShell = false;
  let fence: string | undefined;
  return text
    .split("\n")
    .map((line, index, lines) => {
      const [, mark, language] = /^ *(```+)(\S*)/.exec(line) ?? [];
      if (mark === undefined) return isShell ? line : "";
      fence = fence === undefined ? mark : undefined;
      const first = (lines[index + 1] ?? "").trim();
      isShell = fence !== undefined && (language === "" ? PROGRAMS.test(first) : SHELLS.has(language ?? ""));
      return "";
    })
    .join("\n");
}

/** What a document tells to run, or names as `make …`, that is not there; each with its line. */
export function unknownCommands(text: string, known: Known): string[] {
  const shell = shellIn(text).split("\n");
  return text.split("\n").flatMap((line, index) => {
    const commands = (shell[index] ?? "").replace(/#.*/, "");
    const named = [...line.matchAll(/`make ([^`]*)`/g)].map(([, words]) => `make ${words ?? ""}`);
    const problems = [commands, ...named].flatMap((command) => [
      ...unknownTargets(command, known),
      ...unknownWords(command, known),
      ...command.split(/\s+/).filter((word) => FILE.test(word) && !known.exists(word)),
    ]);
    return problems.map((problem) => `${index + 1}: there is no ${problem}`);
  });
}

function unknownTargets(command: string, { makeTargets }: Known): string[] {
  const [, words] = /^\s*make\s+(.*)/.exec(command) ?? [];
  return (words ?? "")
    .split(/\s+/)
    .filter((word) => /^[a-z][a-z-]*$/.test(word) && !makeTargets.has(word))
    .map((word) => `make ${word}`);
}

function unknownWords(command: string, { cliWords }: Known): string[] {
  const [, name, rest] = /\bnpx ai-token-ratelimit ([a-z-]+)(.*)/.exec(command) ?? [];
  if (name === undefined) return [];
  const options = [...(rest ?? "").matchAll(/\s(--[a-z-]+)/g)].map(([, option]) => option ?? "");
  return [name, ...options].filter((word) => !cliWords.has(word)).map((word) => `ai-token-ratelimit ${word}`);
}
