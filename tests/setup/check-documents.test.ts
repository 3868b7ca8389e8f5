// Contract: scripts/source/markdown.ts finds the shell commands in a document, and what they name that is not there.
import { describe, expect, it } from "vitest";
import { shellIn, unknownCommands, type Known } from "../../scripts/source/markdown.ts";

const KNOWN: Known = {
  makeTargets: new Set(["build", "check"]),
  cliWords: new Set(["serve", "--port"]),
  exists: (path) => path === "deploy/there.sh",
};

const FENCE = "```";
const block = (language: string, ...lines: string[]): string =>
  [`${FENCE}${language}`, ...lines, FENCE].join("\n");

describe("the shell commands of a document", () => {
  it("are what stands in blocks of a shell, on lines of the same number", () => {
    expect(shellIn(`# Title\n\n${block("sh", "make build")}\n\nand ${block("bash", "ls")}`)).toBe(
      "\n\n\nmake build\n\n\n\n\n",
    );
  });

  it.each([
    "make build",
    "npx ai-token-ratelimit serve",
    "gateway=x curl y",
    "kubectl get pods",
    "deploy/there.sh",
  ])("are in a block without a language that begins with %s", (command) => {
    expect(shellIn(block("", command)).trim()).toBe(command);
  });

  it("are not in blocks of other languages, nor in what commands have printed", () => {
    expect(shellIn(`${block("yaml", "make: build")}\n${block("", "alice  200 ✓")}`).trim()).toBe("");
  });
});

describe("a command that names what is not there", () => {
  it.each([
    ["a target of make", block("sh", "make build", "make bulid"), ["3: there is no make bulid"]],
    ["one of several targets", block("sh", "make build clean"), ["2: there is no make clean"]],
    ["a target in a sentence", "Run `make bulid`.", ["1: there is no make bulid"]],
    ["a command", block("", "npx ai-token-ratelimit sevre"), ["2: there is no ai-token-ratelimit sevre"]],
    [
      "an option",
      block("", "npx ai-token-ratelimit serve --prot 1"),
      ["2: there is no ai-token-ratelimit --prot"],
    ],
    ["a file", block("sh", "deploy/there.sh deploy/gone.sh"), ["2: there is no deploy/gone.sh"]],
    ["a tool", block("sh", "node tools/gone.ts"), ["2: there is no tools/gone.ts"]],
  ])("is found: %s", (_what, text, problems) => {
    expect(unknownCommands(text, KNOWN)).toEqual(problems);
  });

  it("is not found where all is there, with variables, remarks and resources of Kubernetes", () => {
    const text = block(
      "sh",
      "make build TARGET=envoy   # make nothing",
      "npx ai-token-ratelimit serve --port 1",
      "kubectl logs deploy/higress-gateway",
    );
    expect(unknownCommands(text, KNOWN)).toEqual([]);
  });
});
