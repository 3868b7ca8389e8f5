// Contract: scripts/source/ reads what files import, export and use, and finds circles, what is unused and what is too long.
// Shown on made-up files, each with one fault.
import { describe, expect, it } from "vitest";
import { checkAssembly, compareWithExceptions } from "../../scripts/source/check-assembly.ts";
import { dependenciesOf, parseModule } from "../../scripts/source/module.ts";
import { ringsOf } from "../../scripts/source/rings.ts";

/** The findings in files given as path -> text. */
function findings(files: Record<string, string>, kept: string[] = []): string[] {
  const modules = Object.entries(files).map(([path, text]) => parseModule(path, text));
  return checkAssembly(modules, new Set(kept)).map(({ what }) => what);
}

/** The circles in files given as path -> text. */
function rings(files: Record<string, string>): string[][] {
  const known = new Set(Object.keys(files));
  const modules = Object.entries(files).map(([path, text]) => parseModule(path, text));
  return ringsOf(new Map(modules.map((module) => [module.path, dependenciesOf(module, known)])));
}

const lines = (count: number): string => "// one more line\n".repeat(count);

describe("circles of imports", () => {
  it("are found through values, types and what is passed on", () => {
    expect(
      rings({
        "g/a.ts": `import { b } from "./b.ts";`,
        "g/b.ts": `import type { C } from "./c/index.ts";`,
        "g/c/index.ts": `export * from "../a.ts";`,
        "g/outside.ts": `import { a } from "./a.ts";`,
      }),
    ).toEqual([["g/a.ts", "g/b.ts", "g/c/index.ts"]]);
  });

  it("are found where the import spans lines, has no names, or leaves the extension out", () => {
    expect(
      rings({
        "g/a.ts": `import {\n  b,\n} from "./b";`,
        "g/b.ts": `import "./a";`,
        "g/self.ts": `import { x } from "./self";`,
      }),
    ).toEqual([["g/a.ts", "g/b.ts"], ["g/self.ts"]]);
  });

  it("are told apart when one leads to the other", () => {
    expect(
      rings({
        "g/a.ts": `import "./b"; import "./c";`,
        "g/b.ts": `import "./a";`,
        "g/c.ts": `import "./d";`,
        "g/d.ts": `import "./c";`,
      }),
    ).toEqual([
      ["g/a.ts", "g/b.ts"],
      ["g/c.ts", "g/d.ts"],
    ]);
  });

  it("are not seen in a diamond, in comments or in text", () => {
    expect(
      rings({
        "g/a.ts": `import "./b"; import "./c";`,
        "g/b.ts": `import "./d";`,
        "g/c.ts": `import "./d";`,
        "g/d.ts": `// import "./a";\nconst text = 'import "./a";';`,
      }),
    ).toEqual([]);
  });
});

describe("unused imports in AssemblyScript", () => {
  const of = (text: string): string[] =>
    findings({ "assembly/entry/x.ts": text, "assembly/y/y.ts": "" }).filter((what) => /imports/.test(what));

  it("are found by the name that the file gives them", () => {
    expect(of(`import { used, gone as lost } from "../y/y";\nused();\ngone();`)).toEqual([
      "assembly/entry/x.ts imports lost and does not use it",
    ]);
  });

  it("are not used by a member of the same name, nor by a declaration", () => {
    expect(
      of(`import { size } from "../y/y";\nclass A { size: i32 = 0; get(): i32 { return this.size; } }`),
    ).toEqual(["assembly/entry/x.ts imports size and does not use it"]);
  });

  it("are used as types, in decorated declarations, in generics and by passing them on", () => {
    expect(
      of(
        `import { A, B, C, d } from "../y/y";\n@unmanaged class X extends A { b: B | null = null; }\nchangetype<C>(0);\nexport { d };`,
      ),
    ).toEqual([]);
  });
});

describe("unused exports in AssemblyScript", () => {
  const used = `import { run } from "../x/x";\nexport function start(): void { run(); }`;

  it("are found where no other file imports them", () => {
    expect(
      findings({
        "assembly/entry/e.ts": used,
        "assembly/x/x.ts": `export function run(): void { helper(); }\nexport function helper(): void {}`,
      }),
    ).toEqual(["assembly/x/x.ts exports helper, which no other file imports"]);
  });

  it("are found where only tests use them, unless the file does so too", () => {
    expect(
      findings({
        "assembly/entry/e.ts": used,
        "assembly/x/x.ts": `export function run(): void { part(); }\nexport function part(): void {}\nexport class Dead {}`,
        "tests/unit/x/x.harness.ts": `import { part, Dead } from "../../../assembly/x/x";\npart(); new Dead();`,
      }),
    ).toEqual(["assembly/x/x.ts has Dead, which only tests use"]);
  });

  it("are not what an entry passes on as a whole, nor what the compiler is told to use", () => {
    expect(
      findings(
        {
          "assembly/e.ts": `export * from "./abi/exports";`,
          "assembly/abi/exports.ts": `export function proxy_on_tick(): void {}`,
          "assembly/abi/abort.ts": `export function abort(): void {}`,
        },
        ["assembly/abi/abort.ts#abort"],
      ),
    ).toEqual([]);
  });
});

describe("long code in AssemblyScript", () => {
  it("is a file of more than 300 lines, unless a script has written it", () => {
    expect(
      findings({
        "assembly/a.ts": lines(301),
        "assembly/b.ts": lines(300),
        "assembly/c.ts": `// Generated by scripts/unicode-tables.mjs; do not edit.\n${lines(400)}`,
      }),
    ).toEqual(["assembly/a.ts has over 300 lines"]);
  });

  it("is a function or method of more than 60 lines, from its first to its last", () => {
    const body = (count: number): string => `{\n${lines(count - 2)}}`;
    expect(
      findings({
        "assembly/a.ts": `export function long(): void ${body(61)}\nexport function short(): void ${body(60)}`,
        "assembly/b.ts": `export class A {\n  run(): void ${body(61)}\n}`,
      }),
    ).toEqual(["assembly/a.ts has over 60 lines in long", "assembly/b.ts has over 60 lines in A.run"]);
  });
});

describe("the list of exceptions", () => {
  it("lets pass what is on it, and nothing else", () => {
    const found = [{ what: "known" }, { what: "new", detail: "301" }];
    expect(compareWithExceptions(found, ["known"])).toEqual(["new (301)"]);
  });

  it("may not hold what is no longer found", () => {
    expect(compareWithExceptions([], ["gone"])).toEqual([
      "gone: no longer so; take it off the list of exceptions",
    ]);
  });
});
