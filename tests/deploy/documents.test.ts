// Contract: each Chinese document has what the English one has, in the same order, and both name only what there is.
// The English documents are the source; tests/docs-configuration.test.ts compares each README.md with the code.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { PLUGINS } from "../../scripts/plugins.mjs";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Words of the tables whose translation must be the same everywhere. */
const TRANSLATIONS: readonly (readonly [string, string])[] = [
  ["required", "必填"],
  ["the same", "同上"],
  ["that `token_per_*`", "等于该 `token_per_*`"],
  ["array of CIDR", "CIDR 数组"],
  ["array of string", "string 数组"],
  [" or ", " 或 "],
  [", ", "、"],
  ["`80` for `.static`, else `6379`", "`.static` 为 `80`，其他为 `6379`"],
];

function toEnglish(cell: string): string {
  return TRANSLATIONS.reduce((text, [english, chinese]) => text.replaceAll(chinese, english), cell);
}

/** Rows of all tables, as cells; `\|` does not end one. */
function rows(text: string): string[][] {
  return [...text.matchAll(/^ *\|(.*)\| *$/gm)].map((match) =>
    match[1]!.split(/(?<!\\)\|/).map((cell) => cell.trim()),
  );
}

const codeIn = (text: string): string[] => [...text.matchAll(/`[^`]+`/g)].map(([code]) => code).sort();
const withoutBlocks = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```$/gm, "");
const headings = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/^(#+) /gm)].map((match) => match[1]!);

/** Blocks of code, without comments and without the question that the model is asked, which may be translated. */
const blocks = (text: string): string[] =>
  [...text.matchAll(/^ *```\w*\n([\s\S]*?)^ *```$/gm)].map((match) =>
    match[1]!.replace(/ +# .*$/gm, "").replace(/"content":"[^"]*"/g, '"content":""'),
  );

describe.each([
  ["README.md", "README_zh.md"],
  ["ai-quota/README.md", "ai-quota/README_zh.md"],
  ["docs/runbook.md", "docs/runbook_zh.md"],
])("%s and %s", (english, chinese) => {
  const [en, zh] = [read(english), read(chinese)];

  it("have the same sections", () => {
    expect(headings(zh)).toEqual(headings(en));
    expect(headings(en).length).toBeGreaterThan(5);
  });

  it("have the same blocks of code", () => {
    expect(blocks(zh)).toEqual(blocks(en));
  });

  it("have the same tables, row by row", () => {
    expect(rows(zh).map((cells) => cells.length)).toEqual(rows(en).map((cells) => cells.length));
    for (const [index, cells] of rows(en).entries())
      expect(codeIn(cells[0]!), `row ${index + 1}`).toEqual(codeIn(rows(zh)[index]![0]!));
  });

  it("link to each other, and only to what there is", () => {
    for (const [path, text] of [
      [english, en],
      [chinese, zh],
    ] as const) {
      const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
      const local = targets.filter((target) => !/^https?:/.test(target));
      expect(local.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([]);
      const other = path === english ? chinese : english;
      expect(local.map((target) => join(dirname(path), target))).toContain(other);
    }
  });

  it("point only to sections that they have", () => {
    for (const text of [en, zh]) {
      const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
        match[1]!.toLowerCase().replaceAll(" ", "-"),
      );
      for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor);
    }
  });
});

describe.each(PLUGINS)("the configuration table of $name in Chinese", ({ folder }) => {
  const table = (text: string): string[][] =>
    rows(text)
      .filter((cells) => cells.length === 4 && cells[0]!.startsWith("`"))
      .map((cells) => cells.slice(0, 3));

  it("has the fields, types and defaults of the English one", () => {
    const translated = table(read(join(folder, "README_zh.md"))).map((cells) => cells.map(toEnglish));
    expect(translated).toEqual(table(read(join(folder, "README.md"))));
    expect(translated.length).toBeGreaterThan(20);
  });
});

describe.each(["docs/runbook.md", "docs/runbook_zh.md"])("%s", (path) => {
  const filter = readdirSync(join(root, "assembly"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => read(`assembly/${name}`))
    .join("");
  const text = read(path);

  it("names only metrics that the filter has", () => {
    const metrics = [
      ...text.matchAll(/`(?:…|wasmcustom\.ai_token_ratelimit\.|ai_quota\.)([a-z_]+)[.*\w]*`/g),
    ].map((match) => match[1]!);
    expect(new Set(metrics).size).toBeGreaterThan(5);
    for (const metric of metrics) expect(filter).toContain(metric);
    for (const [, failure] of text.matchAll(/`(?:…redis_failures)?\.([a-z_]+)`/g))
      expect(filter).toContain(`"${failure}"`);
  });

  it("quotes only what the filter logs", () => {
    const quoted = [...text.matchAll(/(?:log: |日志：)(`[^`]+`(?:(?:, |、)`[^`]+`)*)/g)].flatMap((match) =>
      match[1]!.split(/, |、/).map((phrase) => phrase.replaceAll("`", "")),
    );
    expect(quoted.length).toBe(12);
    for (const phrase of quoted) expect(filter).toContain(phrase);
  });
});

/** Metrics that are no counters, or several. */
const LIMITS = ["charged", "limit", "used_percent"].map((name) => `token_ratelimit_${name}`);
const OTHERS = [
  ...LIMITS,
  "redis_milliseconds",
  "redis_failures.*",
  "open_breakers",
  "outbox_bytes",
  "configuration_hash",
];

describe.each(["docs/observability.md", "docs/observability_zh.md"])("%s", (path) => {
  it("explains every metric that all filters have, and no other", () => {
    const names = /const NAMES: string\[\] = \[([^\]]+)\]/.exec(read("assembly/telemetry/metrics.ts"))![1]!;
    const metrics = [...names.matchAll(/"(\w+)"/g)].map((match) => match[1]!);
    const table = read(path)
      .split(/^## .*$/m)
      .at(-1)!;
    const explained = table
      .split("\n")
      .filter((line) => /^\| `/.test(line))
      .flatMap((line) => [...line.split("|")[1]!.matchAll(/`([\w.*]+)`/g)].map((match) => match[1]!));
    expect(explained.sort()).toEqual([...metrics, ...OTHERS].sort());
  });
});
