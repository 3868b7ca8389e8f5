import { Registry } from "prom-client";
import { toPluginJson, type ConfigInput } from "./config/load.ts";
import { compile, DEFAULT_WASM } from "./gateway.ts";
import { stripGuestPrefix } from "./log.ts";
import { ConfigurationRefused, FilterHost } from "./wasm/filter-host.ts";
import { GuestMetrics } from "./wasm/metrics.ts";
import type { HostServices } from "./wasm/services.ts";
import { SharedData } from "./wasm/shared-data.ts";
import { LogLevel, Status } from "./wasm/types.ts";

export interface CheckResult {
  readonly isAccepted: boolean;
  /** The filter's warnings and errors in their order, without its log prefix. */
  readonly problems: readonly string[];
}

/**
 * Configures the filter as a gateway would, and tells what it says to it. Nothing is contacted.
 * @throws ConfigError if `config` is not a configuration at all, ModuleRejected or OptionError for the wasm.
 */
export async function checkConfig(
  config: ConfigInput,
  { wasm = DEFAULT_WASM, source }: { wasm?: string | Uint8Array; source?: string } = {},
): Promise<CheckResult> {
  const pluginJson = toPluginJson(config, source);
  const problems: string[] = [];
  const services: HostServices = {
    now: () => 0n,
    log: (level, message) => {
      if (level >= LogLevel.Warn) problems.push(stripGuestPrefix(message));
    },
    logLevel: LogLevel.Warn,
    metrics: new GuestMetrics(new Registry()),
    sharedData: new SharedData(),
    redis: { init: () => Status.Ok, call: () => Status.InternalFailure },
    http: { call: () => Status.InternalFailure },
  };
  const identity = { pluginName: "ai-token-ratelimit", rootId: "", vmId: "" };
  const module = await compile(wasm);
  try {
    new FilterHost(module, identity, services, pluginJson, (trap) => {
      problems.push(`the filter trapped in ${trap.where}: ${trap.message}`);
    }).close();
    return { isAccepted: true, problems };
  } catch (error) {
    if (!(error instanceof ConfigurationRefused)) throw error;
    return { isAccepted: false, problems };
  }
}
