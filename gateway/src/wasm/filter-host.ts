import { ConfigurationRefused, type Filter, type Place, type StreamFilter } from "../chain/filter.ts";
import { failedStream } from "./failed-stream.ts";
import { RootContext } from "./root.ts";
import type { HostServices, PluginIdentity } from "./services.ts";
import type { Trap } from "./trap.ts";
import { LogLevel } from "./types.ts";
import { Vm } from "./vm.ts";

/** Not more than one new VM in this time, so that a filter that traps at once does not spin. */
const RESTART_INTERVAL_MS = 1000;

/**
 * Keeps one plugin configuration running: a VM with its root, a new root when the configuration changes, a
 * new VM after a trap.
 */
export class FilterHost implements Filter {
  private vm: Vm;
  private root: RootContext;
  private lastStart = 0;
  private restart: NodeJS.Timeout | undefined;
  /** Warnings and errors the filter logs while it is being configured. */
  private problems: string[] | null = null;
  private readonly services: HostServices;

  /**
   * Starts the filter.
   * @throws ModuleRejected if the module cannot run here, ConfigurationRefused if it refuses `configuration`
   *   (JSON text).
   */
  constructor(
    private readonly module: WebAssembly.Module,
    private readonly identity: PluginIdentity,
    services: HostServices,
    configuration: string,
    private readonly onTrap: (trap: Trap) => void,
  ) {
    this.services = {
      ...services,
      log: (level, message, stream) => {
        if (level >= LogLevel.Warn) this.problems?.push(message);
        services.log(level, message, stream);
      },
    };
    this.vm = this.createVm();
    try {
      this.root = this.createRoot(this.vm, configuration);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get name(): string {
    return this.identity.pluginName;
  }

  /** While the VM is down, streams are answered with 503. */
  createStream(place: Place): StreamFilter {
    if (this.isDown()) return failedStream(place);
    const stream = this.root.createStream(place);
    // It may have trapped in proxy_on_context_create.
    return this.isDown() ? failedStream(place) : stream;
  }

  private isDown(): boolean {
    return this.vm.trap !== null;
  }

  /**
   * Replaces the configuration. Streams under way end on the one they started with.
   * @throws ConfigurationRefused if the filter refuses it; the previous one stays.
   */
  reconfigure(configuration: string): void {
    if (this.isDown()) throw new ConfigurationRefused(["the filter trapped and is being restarted"]);
    const previous = this.root;
    this.root = this.createRoot(this.vm, configuration);
    previous.retire();
  }

  /** Asks every root to go; resolves when the filter has let all of them, which it does when nothing waits any more. */
  async finish(): Promise<void> {
    clearTimeout(this.restart);
    if (this.isDown()) return;
    const roots = rootsOf(this.vm);
    this.root.retire();
    await Promise.all(roots.map((root) => root.deleted));
  }

  close(): void {
    clearTimeout(this.restart);
    for (const root of rootsOf(this.vm)) root.stopTicks();
  }

  private createVm(): Vm {
    this.lastStart = Date.now();
    const vm = new Vm(this.module, this.services);
    vm.onTrap = (trap) => this.recover(vm, trap);
    return vm;
  }

  private createRoot(vm: Vm, configuration: string): RootContext {
    const problems: string[] = [];
    this.problems = problems;
    const root = new RootContext(vm, this.identity, configuration);
    const isAccepted = root.start();
    this.problems = null;
    if (isAccepted) return root;
    root.retire();
    if (vm.trap !== null) problems.push(`the filter trapped in ${vm.trap.where}: ${vm.trap.message}`);
    throw new ConfigurationRefused(problems);
  }

  private recover(vm: Vm, trap: Trap): void {
    this.onTrap(trap);
    for (const root of rootsOf(vm)) {
      root.stopTicks();
      root.failStreams();
    }
    this.scheduleRestart(Math.max(0, this.lastStart + RESTART_INTERVAL_MS - Date.now()));
  }

  private scheduleRestart(wait: number): void {
    clearTimeout(this.restart);
    this.restart = setTimeout(() => this.replaceVm(), wait);
  }

  private replaceVm(): void {
    const { configuration } = this.root;
    try {
      this.vm = this.createVm();
      this.root = this.createRoot(this.vm, configuration);
    } catch (error) {
      // A configuration that was accepted before and is not now: the VM stays down, and is tried again.
      this.services.log(LogLevel.Critical, `the filter did not start again: ${String(error)}`);
      this.scheduleRestart(RESTART_INTERVAL_MS);
    }
  }
}

function rootsOf(vm: Vm): RootContext[] {
  return [...vm.contexts.values()].filter((context) => context instanceof RootContext);
}
