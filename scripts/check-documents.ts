// Checks the shell commands in Markdown: that they parse, that ShellCheck has nothing against them (if it is here), and that
// the targets of make, the options of the gateway and the files that they name exist. Ends with 1 if there is a problem.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { filesBelow } from "./source/files.ts";
import { shellIn, unknownCommands, type Known } from "./source/markdown.ts";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");
const matches = (path: string, pattern: RegExp): Set<string> =>
  new Set([...read(path).matchAll(pattern)].map((match) => match[1] ?? ""));

const known: Known = {
  makeTargets: matches("Makefile", /^([a-z][a-z-]*):/gm),
  cliWords: matches("gateway/src/cli.ts", /"((?:--)?[a-z][a-z-]+)[ "]/g),
  exists: (path) => existsSync(resolve(root, path)),
};
const hasShellCheck = spawnSync("shellcheck", ["--version"]).status === 0;

/** What is wrong in a script, as the checker says it. */
function complaints(command: string, args: string[], script: string): string[] {
  const { status, stdout, stderr } = spawnSync(command, args, { input: script, encoding: "utf8" });
  return status === 0 ? [] : (stdout + stderr).trim().split("\n");
}

function problemsIn(path: string): string[] {
  const text = read(path);
  const script = shellIn(text);
  return [
    ...unknownCommands(text, known),
    ...complaints("bash", ["-n"], script),
    // A document sets variables in one block and uses them in another, or unquoted as commands.
    ...(hasShellCheck
      ? complaints("shellcheck", ["--shell=bash", "--format=gcc", "--exclude=SC2034,SC2086", "-"], script)
      : []),
  ].map((problem) => `${path}: ${problem}`);
}

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...["docs", "deploy", "ai-quota", ".github"].flatMap((folder) => filesBelow(root, folder, /\.md$/)),
];
const problems = documents.flatMap(problemsIn);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
