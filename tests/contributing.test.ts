// Contract: newcomers find their way: what the walk-throughs of CONTRIBUTING.md and the diagram of ARCHITECTURE.md name exists,
// and adding a provider works as told.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchFolder } from "./setup/scratch.ts";

const root = resolve(import.meta.dirname, "..");
const guide = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");

interface Row {
  section: string;
  path: string;
  symbols: string[];
}

const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");

/** The rows `| file | look for | what to do |` of all walk-throughs. */
const rows: Row[] = guide.split(/^### /m).flatMap((text, index) => {
  if (index === 0) return [];
  const section = text.slice(0, text.indexOf("\n"));
  return [...text.matchAll(/^\| `([^`]+)` \|([^|]*)\|/gm)].map(([, path = "", cell = ""]) => ({
    section,
    path,
    symbols: codes(cell),
  }));
});
const isNew = ({ path }: Row): boolean => path.includes("<");

describe("the walk-throughs", () => {
  it.each(["a provider", "a rule kind", "an algorithm", "a metric", "a host", "an option"])(
    "tell how to add %s, and which tests must follow",
    (thing) => {
      const paths = rows.filter(({ section }) => section === `Add ${thing}`).map(({ path }) => path);
      expect(paths.filter((path) => !path.startsWith("tests/"))).not.toEqual([]);
      expect(paths.filter((path) => path.startsWith("tests/"))).not.toEqual([]);
    },
  );

  it.each(rows.filter(isNew))("$section: new files have a folder: $path", ({ path }) => {
    expect(existsSync(join(root, dirname(path)))).toBe(true);
  });

  it.each(rows.filter((row) => !isNew(row)))(
    "$section: $path has what they look for",
    ({ path, symbols }) => {
      const text = readFileSync(join(root, path), "utf8");
      const missing = symbols.filter((symbol) => !new RegExp(`(?<!\\w)${symbol}(?!\\w)`).test(text));
      expect(missing).toEqual([]);
      expect(symbols.length).toBeGreaterThan(0);
    },
  );

  it("point only to sections that there are", () => {
    for (const [, document = "", anchor = ""] of guide.matchAll(/\]\((\w*(?:\.md)?)#([^)]+)\)/g)) {
      const text = document === "" ? guide : readFileSync(join(root, document), "utf8");
      const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
        title
          .toLowerCase()
          .replaceAll(" ", "-")
          .replace(/[^\w-]/g, ""),
      );
      expect(anchors, `${document}#${anchor}`).toContain(anchor);
    }
  });
});

describe("the way of a request in ARCHITECTURE.md", () => {
  const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const diagram = /```\n([\s\S]*?)```/.exec(architecture)![1]!;
  const steps = [...diagram.matchAll(/^[ ├└│]*([\w/-]+\.ts) +(\w+)/gm)];

  it("is a diagram, which comes first", () => {
    expect(steps.length).toBeGreaterThan(15);
  });

  it.each(steps.map(([, path = "", name = ""]) => [path, name]))("%s has %s", (path, name) => {
    const text = readFileSync(join(root, "assembly", path), "utf8");
    expect(text).toMatch(new RegExp(`(^ *|function |class |protected |private )${name}(\\(| )`, "m"));
  });
});

describe("add a provider", () => {
  /** All that the walk-through builds and runs; packages are those of the project. */
  const COPIED = [
    ...["assembly", "scripts/asc.mjs", "scripts/source", "package.json", "asconfig.json", "tests/support"],
    ...["tests/fixtures/usage", "tests/unit/usage", "vitest.config.ts"],
  ];

  function insert(folder: string, path: string, before: string, text: string): void {
    const source = readFileSync(join(folder, path), "utf8");
    expect(source.split(before)).toHaveLength(2);
    writeFileSync(
      join(folder, path),
      source.replace(before, () => text + before),
    );
  }

  /** The verdict of the test about the fixture of the new provider: "" if it passes. */
  function verdict(folder: string): string {
    try {
      const args = ["run", "--config", "vitest.config.ts", "tests/unit/usage/usage.test.ts", "-t", "acme"];
      const output = execFileSync(join(root, "node_modules/.bin/vitest"), args, {
        cwd: folder,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NO_COLOR: "1", VITEST_REPORT: "" },
      });
      return /Tests +1 passed/.test(output) ? "" : output;
    } catch (error) {
      return String((error as { stderr: string }).stderr);
    }
  }

  it("has the tokens of its responses counted, by one table and one fixture, and not before", () => {
    const folder = scratchFolder("walk-through");
    for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));

    const body = { text: "Hello", acme: { billing: { asked: 7, answered: 5 } } };
    writeFileSync(join(folder, "tests/fixtures/usage/acme.json"), JSON.stringify(body));
    insert(folder, "tests/unit/usage/fixtures.ts", "];\n\nfunction typeOf", '  ["acme.json", "7 5"],\n');
    expect(verdict(folder)).toContain("expected 'none' to be '7 5");

    const formats = "assembly/usage/formats.ts";
    const fields = '.set("asked", Slot.Prompt).set("answered", Slot.Output)';
    insert(
      folder,
      formats,
      "// prettier-ignore\nexport const REPORTS",
      `const ACME: Field[] = new Fields()${fields}.all;\n\n`,
    );
    insert(folder, formats, "  .all;\n\n/** How the text at a path", '  .merge("acme.billing", ACME)\n');
    expect(verdict(folder)).toBe("");
  }, 120_000);
});
