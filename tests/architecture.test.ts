// Contract: imports go one way, from the entry files down to bytes/; see the diagram in ARCHITECTURE.md.
// Also: what ESLint cannot check in AssemblyScript, because it does not parse it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** Layer of assembly/ -> the layers it may import besides itself. */
const MAY_IMPORT: Record<string, string[]> = {
  entry: ["filters", "redis", "config", "abi"],
  filters: [
    "telemetry",
    "ledger",
    "rules",
    "request",
    "usage",
    "redis",
    "config",
    "net",
    "regex",
    "json",
    "bytes",
    "abi",
  ],
  telemetry: ["json", "bytes", "abi"],
  request: ["rules", "net", "bytes"],
  redis: ["config", "json", "bytes", "abi"],
  config: ["json", "bytes", "regex"],
  rules: ["net", "regex", "bytes"],
  usage: ["json", "bytes"],
  ledger: ["bytes"],
  net: ["bytes"],
  json: ["bytes"],
  regex: ["bytes"],
  abi: ["bytes"],
  bytes: [],
};

function filesUnder(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesUnder(path) : path.endsWith(".ts") ? [path] : [];
  });
}

const assembly = join(root, "assembly");
const sources = filesUnder(assembly).map((path) => ({
  name: relative(assembly, path),
  text: readFileSync(path, "utf8"),
}));

function layerOf(name: string): string {
  return name.includes("/") ? name.split("/")[0]! : "entry";
}

function importsOf(name: string, text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["']/gms)].map((match) =>
    relative(assembly, resolve(assembly, dirname(name), match[1]!)),
  );
}

describe("assembly/", () => {
  it("imports only downwards", () => {
    const violations = sources.flatMap(({ name, text }) =>
      importsOf(name, text)
        .map(layerOf)
        .filter((layer) => layer !== layerOf(name) && !MAY_IMPORT[layerOf(name)]?.includes(layer))
        .map((layer) => `${name} imports ${layer}/`),
    );
    expect(violations).toEqual([]);
  });

  it("declares every import of the host explicitly, in abi/ only", () => {
    const strays = sources.filter(({ name, text }) => /@external\(/.test(text) && layerOf(name) !== "abi");
    expect(strays.map(({ name }) => name)).toEqual([]);
  });

  it("uses nothing that traps or that no proxy provides", () => {
    const forbidden = /\b(throw|console\.|Date\.|Math\.random|process\.)/;
    const uses = sources.flatMap(({ name, text }) =>
      text
        .split("\n")
        .map((line, index) => ({ line: line.replace(/\/\/.*|^\s*\*.*/, ""), at: `${name}:${index + 1}` }))
        .filter(({ line }) => forbidden.test(line.replace(/"[^"]*"|`[^`]*`/g, "")))
        .map(({ at, line }) => `${at} ${line.trim()}`),
    );
    expect(uses).toEqual([]);
  });
});

describe("gateway/", () => {
  it("knows the filter only as a built module", () => {
    const strays = filesUnder(join(root, "gateway"))
      .filter((path) => /from\s+["'][^"']*assembly\//.test(readFileSync(path, "utf8")))
      .map((path) => relative(root, path));
    expect(strays).toEqual([]);
  });
});
