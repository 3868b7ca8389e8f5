import type { Context, Root } from "./context.ts";
import type { Guest } from "./imports/guest.ts";
import { createImports } from "./imports/index.ts";
import { GuestMemory } from "./memory.ts";
import type { CalloutReply, HostServices } from "./services.ts";
import { describeTrap, type Trap } from "./trap.ts";
import { ABI_EXPORTS, type AbiExport } from "./types.ts";

/** The module cannot run here: no memory, no ABI marker, an import the host lacks. */
export class ModuleRejected extends Error {}

type GuestFunction = (...args: number[]) => number | undefined;

/**
 * One instance of a filter module. It knows which context is current, runs what host calls postponed until
 * the guest has returned, and is dead for good after a trap.
 */
export class Vm implements Guest {
  readonly abi: AbiExport;
  readonly memory: GuestMemory;
  /** Every live root and stream by id. */
  readonly contexts = new Map<number, Context>();
  /** Set by the trap that killed this VM. */
  trap: Trap | null = null;
  /** Called once, after the call that trapped was left. */
  onTrap: (trap: Trap) => void = () => {};
  /** What a callout's callback may read while it runs. */
  callout: CalloutReply = {};
  /** Set while `_initialize` and `main` run, when only proxy_log may be called. */
  isInitializing = false;

  private readonly exports: WebAssembly.Exports;
  private current: Context | null = null;
  private effectiveId = 0;
  private readonly postponed: (() => void)[] = [];
  private nextContextId = 1;
  private nextCallout = 1;

  /**
   * Instantiates the module and runs `_initialize` and `main`, if there is one (or `_start`).
   * @throws ModuleRejected if the module cannot run in this host.
   */
  constructor(
    module: WebAssembly.Module,
    readonly services: HostServices,
  ) {
    const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
    const abi = ABI_EXPORTS.find((name) => exported.has(name));
    if (abi === undefined) throw new ModuleRejected(`the module exports none of ${ABI_EXPORTS.join(", ")}`);
    this.abi = abi;
    const imports = createImports(this);
    refuseUnknownImports(module, imports);
    this.exports = new WebAssembly.Instance(module, imports).exports;

    const malloc = this.lookup("malloc") ?? this.lookup("proxy_on_memory_allocate");
    if (!(this.exports.memory instanceof WebAssembly.Memory) || malloc === undefined)
      throw new ModuleRejected("the module must export memory, and malloc or proxy_on_memory_allocate");
    this.memory = new GuestMemory(this.exports.memory, (size) => malloc(size) ?? 0);
    this.initialize();
  }

  private initialize(): void {
    const name = this.lookup("_initialize") ? "_initialize" : "_start";
    this.isInitializing = true;
    try {
      this.lookup(name)?.();
      // Modules made from C++ have their registrations there; its arguments are argc and argv.
      if (name === "_initialize") this.lookup("main")?.(0, 0);
    } catch (error) {
      const { where, message } = describeTrap(name, error);
      throw new ModuleRejected(`${name} trapped in ${where}: ${message}`);
    } finally {
      this.isInitializing = false;
    }
  }

  private lookup(name: string): GuestFunction | undefined {
    const value = this.exports[name];
    return typeof value === "function" ? (value as GuestFunction) : undefined;
  }

  allocateContextId(): number {
    return this.nextContextId++;
  }

  /** A callout token; the residue modulo 4 tells the kind apart (3 Redis, 0 HTTP), the first ones are 7 and 4. */
  allocateToken(kind: 0 | 3): number {
    return this.nextCallout++ * 4 + kind;
  }

  /**
   * Calls an exported callback with the context's id before `args`, then runs what was postponed meanwhile.
   * Returns what the callback returned; `fallback` if the module does not export it, or the VM is dead.
   */
  call(context: Context, name: string, args: readonly number[], fallback: number): number {
    const callback = this.lookup(name);
    if (callback === undefined || this.trap !== null) return fallback;
    let result = fallback;
    this.current = context;
    this.effectiveId = 0;
    try {
      result = callback(context.id, ...args) ?? fallback;
    } catch (error) {
      this.trap = describeTrap(name, error);
    } finally {
      this.current = null;
      this.effectiveId = 0;
    }
    this.runPostponed();
    if (this.trap !== null) {
      const report = this.onTrap;
      this.onTrap = () => {};
      report(this.trap);
      return fallback;
    }
    return result;
  }

  /** Calls a callback whose result means nothing, or yes (the default) and no. */
  notify(context: Context, name: string, ...args: number[]): boolean {
    return this.call(context, name, args, 1) !== 0;
  }

  /** The context that host calls act on now. */
  context(): Context | null {
    return this.contexts.get(this.effectiveId) ?? this.current;
  }

  /** The root of that context, if it still exists for the guest. */
  root(): Root | null {
    const root = this.context()?.root;
    return root !== undefined && this.contexts.has(root.id) ? root : null;
  }

  /** Redirects host calls to another context until the current callback returns. */
  setEffectiveContext(id: number): boolean {
    if (!this.contexts.has(id)) return false;
    this.effectiveId = id;
    return true;
  }

  /** Runs `action` as soon as the current callback has returned, before its result is looked at. */
  postpone(action: () => void): void {
    this.postponed.push(action);
  }

  private runPostponed(): void {
    for (let action = this.postponed.shift(); action; action = this.postponed.shift()) action();
  }
}

function refuseUnknownImports(module: WebAssembly.Module, imports: WebAssembly.Imports): void {
  const missing = WebAssembly.Module.imports(module)
    .filter(({ module: from, name }) => imports[from]?.[name] === undefined)
    .map(({ module: from, name }) => `${from}.${name}`);
  if (missing.length > 0) throw new ModuleRejected(`the host has no ${missing.join(", ")}`);
}
