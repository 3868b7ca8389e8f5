// What the bench's host offers to a filter.

export const Status = { Ok: 0, NotFound: 1, Unimplemented: 12 } as const;

type HostCall = (...args: never[]) => unknown;
export type HostCalls = Record<string, HostCall>;

/**
 * The functions that a module imports, under the names of the modules that it takes them from. What is not known here
 * does nothing: what writes succeeds, what reads does not.
 */
export function linked(module: WebAssembly.Module, calls: HostCalls): WebAssembly.Imports {
  const imports: Record<string, HostCalls> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const status = /_(set|add|replace|remove)_/.test(name) ? Status.Ok : Status.Unimplemented;
    (imports[from] ??= {})[name] = calls[name] ?? (() => status);
  }
  return imports;
}
