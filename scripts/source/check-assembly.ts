import { resolveImport, type SourceModule } from "./module.ts";

const MAX_LINES = 300;
const MAX_FUNCTION_LINES = 60;

/** Files that the compiler starts from; what they export is for the host. */
const ENTRY = /^assembly\/(entry\/)?[^/]+\.ts$/;
/** What is wrong, the same from one day to the next, and how much if that can be said. */
export interface Finding {
  readonly what: string;
  readonly detail?: string;
}

/**
 * What ESLint would find if it could read AssemblyScript. `sources` are all files of assembly/ and the tests' harnesses, which
 * import from there. `kept` are names that the compiler is told to use (`path#name`).
 */
export function checkAssembly(
  sources: readonly SourceModule[],
  kept: ReadonlySet<string> = new Set(),
): Finding[] {
  const users = usersOf(sources);
  return sources.flatMap((module) => [
    ...unusedImports(module),
    ...(isProduct(module.path) ? unusedExports(module, users, kept) : []),
    ...(module.isGenerated ? [] : tooLong(module)),
  ]);
}

/** What differs from the exceptions: findings that are none of them, and exceptions for which there is no finding. */
export function compareWithExceptions(findings: readonly Finding[], exceptions: readonly string[]): string[] {
  const found = new Set(findings.map(({ what }) => what));
  const expected = new Set(exceptions);
  return [
    ...findings
      .filter(({ what }) => !expected.has(what))
      .map(({ what, detail }) => (detail === undefined ? what : `${what} (${detail})`)),
    ...exceptions
      .filter((what) => !found.has(what))
      .map((what) => `${what}: no longer so; take it off the list of exceptions`),
  ];
}

const isProduct = (path: string): boolean => path.startsWith("assembly/");

/** `path#name` of an export -> the files that import it; `path#*` for those that import all. */
function usersOf(sources: readonly SourceModule[]): Map<string, string[]> {
  const known = new Set(sources.map(({ path }) => path));
  const users = new Map<string, string[]>();
  for (const module of sources) {
    for (const { from, name } of module.imports) {
      const key = `${resolveImport(module.path, from, known) ?? ""}#${name}`;
      users.set(key, [...(users.get(key) ?? []), module.path]);
    }
  }
  return users;
}

function unusedImports({ path, imports, used }: SourceModule): Finding[] {
  return imports
    .filter(({ local }) => local !== null && !used.has(local))
    .map(({ local }) => ({ what: `${path} imports ${local ?? ""} and does not use it` }));
}

function unusedExports(
  { path, exports, used }: SourceModule,
  users: ReadonlyMap<string, readonly string[]>,
  kept: ReadonlySet<string>,
): Finding[] {
  if (ENTRY.test(path)) return [];
  return exports.flatMap((name) => {
    const importers = [...(users.get(`${path}#${name}`) ?? []), ...(users.get(`${path}#*`) ?? [])];
    if (importers.some(isProduct) || kept.has(`${path}#${name}`)) return [];
    if (importers.length === 0) return [{ what: `${path} exports ${name}, which no other file imports` }];
    return used.has(name) ? [] : [{ what: `${path} has ${name}, which only tests use` }];
  });
}

function tooLong({ path, lines, functions }: SourceModule): Finding[] {
  const file = lines > MAX_LINES ? [{ what: `${path} has over ${MAX_LINES} lines`, detail: `${lines}` }] : [];
  const long = functions
    .filter((span) => span.lines > MAX_FUNCTION_LINES)
    .map((span) => ({
      what: `${path} has over ${MAX_FUNCTION_LINES} lines in ${span.name}`,
      detail: `${span.lines}`,
    }));
  return [...file, ...long];
}
