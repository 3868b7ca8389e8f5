import type { Logger } from "pino";
import { ConfigurationRefused, type Filter } from "./chain/filter.ts";
import type { PluginSpec } from "./config/plugins.ts";
import { KeyAuth } from "./key-auth/filter.ts";
import { logGuestLine, stripGuestPrefix, toLogLevel } from "./log.ts";
import type { Observer } from "./page/observer.ts";
import { compile, findModule, type ModuleSource } from "./modules.ts";
import { OptionError } from "./services.ts";
import { FilterHost } from "./wasm/filter-host.ts";
import type { HostServices } from "./wasm/services.ts";
import type { Trap } from "./wasm/trap.ts";
import { LogLevel } from "./wasm/types.ts";

/** What plugins are started with. */
export interface PluginOptions {
  /** By the names of plugins. */
  readonly modules: Readonly<Record<string, ModuleSource>>;
  readonly logger: Logger;
  /** Every line that a plugin logs, before the log level applies. */
  readonly onGuestLog: ((level: LogLevel, message: string, plugin: string) => void) | undefined;
  /** Watches what plugins do, if somebody looks on. */
  readonly observer: Pick<Observer, "onLine"> | null;
  /** What all VMs share. */
  readonly services: Omit<HostServices, "log" | "logLevel">;
  readonly onTrap: (trap: Trap, plugin: string) => void;
}

/**
 * Starts plugins in the order given, each in a VM of its own.
 * @throws OptionError if a plugin has no module, or a module no plugin; ConfigurationRefused if a plugin refuses its
 *   configuration, with its name if there are others; ModuleRejected if a module cannot run here
 */
export async function startPlugins(
  plugins: readonly PluginSpec[],
  options: PluginOptions,
): Promise<Filter[]> {
  const names = new Set(plugins.flatMap(({ aliases }) => aliases));
  const stray = Object.keys(options.modules).find((name) => !names.has(name));
  if (stray !== undefined) throw new OptionError(`wasm: there is no plugin called ${stray}`);
  const filters: Filter[] = [];
  try {
    for (const plugin of plugins) filters.push(await startPlugin(plugin, options));
    return filters;
  } catch (error) {
    for (const filter of filters) filter.close();
    const name = plugins[filters.length]?.name;
    if (!(error instanceof ConfigurationRefused) || plugins.length === 1) throw error;
    throw new ConfigurationRefused(error.problems.map((line) => `${name}: ${stripGuestPrefix(line)}`));
  }
}

async function startPlugin(plugin: PluginSpec, options: PluginOptions): Promise<Filter> {
  const { name, aliases, rootId, configuration } = plugin;
  const source = findModule(aliases, options.modules);
  const services = servicesOf(name, options);
  if (source === undefined && aliases.includes("key-auth"))
    return new KeyAuth(name, configuration, (line) => services.log(LogLevel.Warn, line));
  if (source === undefined)
    throw new OptionError(`plugin ${name}: has no module; name one with --wasm ${name}=FILE`);
  const module = await compile(source);
  const identity = { pluginName: name, rootId, vmId: "" };
  return new FilterHost(module, identity, services, configuration, (trap) => options.onTrap(trap, name));
}

function servicesOf(plugin: string, { services, logger, onGuestLog, observer }: PluginOptions): HostServices {
  const wanted = onGuestLog ? LogLevel.Trace : toLogLevel(logger);
  return {
    ...services,
    log: (level, message, stream = null) => {
      onGuestLog?.(level, message, plugin);
      observer?.onLine(stream, message);
      logGuestLine(logger, plugin, level, message);
    },
    // A filter may keep quiet below this level; who listens to its lines wants all of them, and decisions are told at level debug.
    logLevel: observer === null ? wanted : Math.min(wanted, LogLevel.Debug),
  };
}
