// Contract: imports go one way, from the entry files down to bytes/; see the diagram in ARCHITECTURE.md. None goes in a circle.
// Also: what ESLint cannot check in AssemblyScript, because it does not parse it.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { compareWithExceptions } from "../scripts/source/check-assembly.ts";
import { EXCEPTIONS } from "../scripts/source/exceptions.ts";
import { dependenciesOf, resolveImport } from "../scripts/source/module.ts";
import { checkAssemblyOf, modulesBelow } from "../scripts/source/project.ts";
import { ringsOf } from "../scripts/source/rings.ts";

const root = resolve(import.meta.dirname, "..");

/** Layer of assembly/ -> the layers it may import besides itself. */
const MAY_IMPORT: Record<string, string[]> = {
  entry: ["filters", "plugin", "redis", "abi"],
  filters: [
    ...["plugin", "metering", "rejection", "telemetry", "ledger", "rules", "request", "usage", "config"],
    ...["net", "regex", "json", "bytes", "abi"],
  ],
  plugin: [
    ...["metering", "telemetry", "ledger", "request", "usage", "redis", "config", "json", "bytes", "abi"],
  ],
  metering: ["telemetry", "ledger", "request", "usage", "estimate", "bytes", "abi"],
  rejection: ["ledger", "rules", "request", "json", "bytes", "abi"],
  telemetry: ["ledger", "rules", "request", "usage", "redis", "config", "json", "bytes", "abi"],
  ledger: ["redis", "bytes", "abi"],
  request: ["rules", "usage", "net", "json", "bytes", "abi"],
  rules: ["net", "regex", "bytes"],
  usage: ["estimate", "json", "bytes", "abi"],
  estimate: ["json", "bytes"],
  redis: ["config", "json", "bytes", "abi"],
  config: ["json", "bytes"],
  net: ["bytes"],
  json: ["bytes"],
  regex: ["bytes"],
  abi: ["bytes"],
  bytes: [],
};

const modules = modulesBelow(root, ["assembly", "gateway", "scripts", "tests", "tools"]);
const known = new Set(modules.map(({ path }) => path));
const graph = new Map(modules.map((module) => [module.path, dependenciesOf(module, known)]));
const assembly = modules.filter(({ path }) => path.startsWith("assembly/"));
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

function layerOf(path: string): string {
  const [, folder, inside] = path.split("/");
  return inside === undefined ? "entry" : folder!;
}

describe("all code", () => {
  it("imports nothing in a circle, neither values nor types", () => {
    expect(ringsOf(graph)).toEqual([]);
  });
});

describe("assembly/", () => {
  it("imports only downwards", () => {
    const violations = assembly.flatMap(({ path }) =>
      graph
        .get(path)!
        .map(layerOf)
        .filter((layer) => layer !== layerOf(path) && !MAY_IMPORT[layerOf(path)]?.includes(layer))
        .map((layer) => `${path} imports ${layer}/`),
    );
    expect(violations).toEqual([]);
  });

  it("has no permission that nobody uses, and none that leads in a circle", () => {
    const used = new Set(
      assembly.flatMap(({ path }) => graph.get(path)!.map((target) => `${layerOf(path)} ${layerOf(target)}`)),
    );
    const permissions = Object.entries(MAY_IMPORT).flatMap(([from, layers]) =>
      layers.map((to) => ({ from, to })),
    );
    expect(permissions.filter(({ from, to }) => !used.has(`${from} ${to}`))).toEqual([]);
    expect(ringsOf(new Map(Object.entries(MAY_IMPORT)))).toEqual([]);
  });

  it("lets no filter import its sibling", () => {
    const filterOf = (path: string): string | undefined => /^assembly\/filters\/([^/]+)\//.exec(path)?.[1];
    const strays = assembly.flatMap(({ path }) =>
      graph
        .get(path)!
        .filter((target) => filterOf(path) && filterOf(target) && filterOf(target) !== filterOf(path))
        .map((target) => `${path} imports ${target}`),
    );
    expect(strays).toEqual([]);
  });

  it("imports nothing from outside", () => {
    const inside = new Set(assembly.map(({ path }) => path));
    const strays = assembly.flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => resolveImport(path, from, inside) === undefined)
        .map(({ from }) => `${path} imports ${from}`),
    );
    expect(strays).toEqual([]);
  });

  it("declares every import of the host explicitly, in abi/ only", () => {
    const strays = assembly.filter(({ path }) => /@external\(/.test(textOf(path)) && layerOf(path) !== "abi");
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  it("uses nothing that traps or that no proxy provides", () => {
    const forbidden = /\b(throw|console\.|Date\.|Math\.random|process\.)/;
    const uses = assembly.flatMap(({ path }) =>
      textOf(path)
        .split("\n")
        .map((line, index) => ({ line: line.replace(/\/\/.*|^\s*\*.*/, ""), at: `${path}:${index + 1}` }))
        .filter(({ line }) => forbidden.test(line.replace(/"[^"]*"|`[^`]*`/g, "")))
        .map(({ at, line }) => `${at} ${line.trim()}`),
    );
    expect(uses).toEqual([]);
  });

  it("has no unused import or export, no long function and no long file, but those on the list of exceptions", () => {
    expect(compareWithExceptions(checkAssemblyOf(root), EXCEPTIONS)).toEqual([]);
  });
});

describe("gateway/", () => {
  it("knows the filter only as a built module", () => {
    const strays = [...graph].filter(
      ([path, targets]) =>
        path.startsWith("gateway/") && targets.some((target) => target.startsWith("assembly/")),
    );
    expect(strays.map(([path]) => path)).toEqual([]);
  });

  it("imports neither tools/ nor tests/", () => {
    const strays = [...graph].filter(
      ([path, targets]) =>
        path.startsWith("gateway/") && targets.some((target) => /^(tools|tests)\//.test(target)),
    );
    expect(strays.map(([path]) => path)).toEqual([]);
  });
});

describe("tools/", () => {
  it("imports nothing from tests/", () => {
    const strays = [...graph].filter(
      ([path, targets]) => path.startsWith("tools/") && targets.some((target) => target.startsWith("tests/")),
    );
    expect(strays.map(([path]) => path)).toEqual([]);
  });
});
