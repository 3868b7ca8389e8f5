import { Registry } from "prom-client";
import { ConfigurationRefused } from "../chain/filter.ts";
import type { OwnPlugin } from "../config/own-plugins.ts";
import { stripGuestPrefix } from "../log.ts";
import { FilterHost } from "../wasm/filter-host.ts";
import { GuestMetrics } from "../wasm/metrics.ts";
import type { HostServices } from "../wasm/services.ts";
import { SharedData } from "../wasm/shared-data.ts";
import { LogLevel, Status } from "../wasm/types.ts";

/** What a plugin says about a configuration, without its log prefix, in its order. */
export interface Verdict {
  readonly isAccepted: boolean;
  readonly lines: readonly { severity: "error" | "warning"; text: string }[];
}

/** Configures a plugin as a gateway would. Nothing is contacted. @throws ModuleRejected if the module cannot run. */
export function judge(module: WebAssembly.Module, pluginName: OwnPlugin, configuration: string): Verdict {
  const lines: { severity: "error" | "warning"; text: string }[] = [];
  const services: HostServices = {
    now: () => 0n,
    log: (level, message) => {
      if (level < LogLevel.Warn) return;
      lines.push({
        severity: level === LogLevel.Warn ? "warning" : "error",
        text: stripGuestPrefix(message),
      });
    },
    logLevel: LogLevel.Warn,
    metrics: new GuestMetrics(new Registry()),
    sharedData: new SharedData(),
    redis: { init: () => Status.Ok, call: () => Status.InternalFailure },
    http: { call: () => Status.InternalFailure },
  };
  const identity = { pluginName, rootId: "", vmId: "" };
  try {
    new FilterHost(module, identity, services, configuration, (trap) => {
      lines.push({ severity: "error", text: `the filter trapped in ${trap.where}: ${trap.message}` });
    }).close();
    return { isAccepted: true, lines };
  } catch (error) {
    if (!(error instanceof ConfigurationRefused)) throw error;
    const hasError = lines.some(({ severity }) => severity === "error");
    if (!hasError) lines.push({ severity: "error", text: "the filter refuses it without a reason" });
    return { isAccepted: false, lines };
  }
}
