import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { createAdmin } from "./admin.ts";
import { ChainStream } from "./chain/chain.ts";
import type { Filter } from "./chain/filter.ts";
import { toPluginJson, type ConfigInput } from "./config/load.ts";
import { LIMITER } from "./config/own-plugins.ts";
import { inChainOrder, limiterIn, pluginsIn, type PluginSpec } from "./config/plugins.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";
import { accessLogFields } from "./http/access-log.ts";
import { HttpCallouts } from "./http/callout.ts";
import { InFlight } from "./http/in-flight.ts";
import { closeServer, listen } from "./http/listen.ts";
import { createProxy } from "./http/proxy.ts";
import { Upstream } from "./http/upstream.ts";
import { silentLogger } from "./log.ts";
import type { ModuleSource } from "./modules.ts";
import { limiterPosition, openPage, type PageSources } from "./page/open.ts";
import type { Page } from "./page/page.ts";
import { Watch } from "./page/watch.ts";
import { startPlugins, type PluginOptions } from "./plugins.ts";
import { RedisClusters } from "./redis/clusters.ts";
import { reportServices } from "./redis/report.ts";
import { OptionError, parseAddress, ServiceDirectory } from "./services.ts";
import { FilterHost } from "./wasm/filter-host.ts";
import { GuestMetrics } from "./wasm/metrics.ts";
import { SharedData } from "./wasm/shared-data.ts";
import type { LogLevel } from "./wasm/types.ts";

export interface GatewayOptions {
  /** Of the rate limiter; YAML text or object: a WasmPlugin manifest or the bare configuration. */
  readonly config?: ConfigInput;
  /** Other plugins: WasmPlugin manifests, each text possibly of several, in any order. */
  readonly plugins?: readonly ConfigInput[];
  /** The module of the rate limiter. Default `build/ai-token-ratelimit.wasm`. */
  readonly wasm?: ModuleSource;
  /** Modules of plugins by `metadata.name`, `spec.pluginName`, or the image in `spec.url`. */
  readonly modules?: Readonly<Record<string, ModuleSource>>;
  /** Where requests go: an http or https URL. */
  readonly upstream: string;
  /** Certificate authorities (PEM) that the upstream may be certified by, beside the usual ones. */
  readonly upstreamCa?: string;
  /** Milliseconds until a connection to the upstream must stand; default 5000. */
  readonly connectTimeoutMs?: number;
  /** `host:port` of the Redis behind every service that `services` does not name. Default `127.0.0.1:6379`. */
  readonly redis?: string;
  /** Addresses (`host:port`) of services by `name` or `name:port`. */
  readonly services?: Readonly<Record<string, string>>;
  /** Where the gateway listens, a name or an address of this machine; default `127.0.0.1`. The admin port stays there. */
  readonly host?: string;
  /** 0, the default, is any free port. */
  readonly port?: number;
  readonly adminPort?: number;
  /** The property route_name; default `default`. */
  readonly route?: string;
  /** The property cluster_name; default `outbound|80||upstream.static`. */
  readonly cluster?: string;
  readonly logger?: Logger;
  /** Every line that plugins log, before the log level applies. */
  readonly onGuestLog?: (level: LogLevel, message: string, plugin: string) => void;
  /** Whether the admin port serves the operator's page, which watches all calls; default false. */
  readonly page?: boolean;
  /** Nanoseconds since the epoch, for plugins; default the system's clock. */
  readonly now?: () => bigint;
  /** Bytes of a body that paused filters may hold, all together; default 1 MiB. */
  readonly bufferLimit?: number;
}

export interface Gateway {
  /** Base URL of the data plane. */
  readonly url: string;
  /** Base URL of the admin port. */
  readonly adminUrl: string;
  /** The operator's page with the token that its actions take; `null` without one. */
  readonly pageUrl: string | null;
  /** The text that `/metrics` serves. */
  metrics(): Promise<string>;
  /**
   * Gives the plugin of `config` another one. Streams under way end on the configuration they began with. Throws as
   * startGateway, and then changes nothing.
   */
  reconfigure(config: ConfigInput): void;
  /**
   * Takes no new connections, lets requests under way end, for at most `graceMs` (default 5000), and cuts the others off.
   * Then what they consumed is counted, for at most `settleMs` (default 3000).
   */
  close(graceMs?: number, settleMs?: number): Promise<void>;
}

const DEFAULT_REDIS = "127.0.0.1:6379";
const DEFAULT_ROUTE = "default";
const DEFAULT_CLUSTER = "outbound|80||upstream.static";
const DEFAULT_BUFFER_LIMIT = 1024 * 1024;
/** As Envoy's. */
const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const DEFAULT_GRACE_MS = 5000;
/** Enough for a command that Redis does not answer, and for its repetition. */
const DEFAULT_SETTLE_MS = 3000;
const SHUTDOWN_DETAILS = "gateway_shutdown";

/**
 * Starts a gateway with its plugins between its port and the upstream.
 * @throws ConfigError for a configuration that is not one, ConfigurationRefused if a plugin refuses it,
 *   ModuleRejected if a module cannot run, OptionError for anything else in the options.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const logger = options.logger ?? silentLogger();
  const registry = new Registry();
  const gatewayMetrics = new GatewayMetrics(registry);
  const upstream = upstreamOf(options);
  const { plugins, limiter } = pluginsOf(options);
  const services = options.services ?? {};
  const directory = new ServiceDirectory(services, parseAddress(options.redis ?? DEFAULT_REDIS, "redis"));
  const redis = new RedisClusters(directory.resolve);
  const http = new HttpCallouts(new ServiceDirectory(services));
  const watch = options.page === true ? new Watch() : null;
  const shared = hostServices(options, registry, watch?.redis(redis) ?? redis, http);
  const observer = watch?.observer ?? null;
  const filters = await startPlugins(plugins, {
    ...pluginOptions(options, logger, shared, gatewayMetrics),
    observer,
  });
  const chain = watch?.chain(filters, limiterPosition(plugins)) ?? filters;
  const opened =
    watch && (await openPage(watch, pageSources(options, { registry, plugins, directory, redis }, filters)));
  const page = opened?.page ?? null;

  const inFlight = new InFlight();
  const proxy = createProxy({
    ...proxyOptions(options),
    ...{ upstream, inFlight },
    createStream: (io) => new ChainStream(chain, io),
    onEnd: (summary) => {
      gatewayMetrics.observe(summary);
      observer?.onEnd(summary.stream, summary.status, summary.durationMs);
      logger.info(accessLogFields(summary), "request");
    },
  });
  const admin = createAdmin(registry, page);
  const parts = { proxy, admin, page, inFlight, filters, redis, http, upstream };

  try {
    const url = await listen(proxy, options.port ?? 0, "gateway", options.host);
    const adminUrl = await listen(admin, options.adminPort ?? 0, "admin");
    if (plugins.length > 1) logger.info(`plugins: ${plugins.map(({ name }) => name).join(" → ")}`);
    await reportServices(plugins, directory, logger);
    return {
      url,
      adminUrl,
      pageUrl: opened ? `${adminUrl}/#token=${opened.token}` : null,
      metrics: () => registry.metrics(),
      reconfigure: (config) =>
        reconfigure(filters[plugins.findIndex((p) => p === limiter)], toPluginJson(config)),
      close: (graceMs = DEFAULT_GRACE_MS, settleMs = DEFAULT_SETTLE_MS) =>
        close(parts, logger, graceMs, settleMs),
    };
  } catch (error) {
    proxy.close();
    admin.close();
    page?.close();
    release(parts);
    throw error;
  }
}

function upstreamOf({ upstream, upstreamCa: ca, connectTimeoutMs }: GatewayOptions): Upstream {
  return new Upstream(upstream, { ca, connectTimeoutMs: connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS });
}

function proxyOptions({ route, cluster, bufferLimit }: GatewayOptions) {
  return {
    routeName: route ?? DEFAULT_ROUTE,
    clusterName: cluster ?? DEFAULT_CLUSTER,
    bufferLimit: bufferLimit ?? DEFAULT_BUFFER_LIMIT,
  };
}

/** All plugins in the order of the chain; `limiter` is the one of `config`. */
function pluginsOf({ config, plugins = [] }: GatewayOptions): {
  plugins: PluginSpec[];
  limiter: PluginSpec | null;
} {
  const limiter = config === undefined ? null : limiterIn(config);
  const others = plugins.flatMap((plugin) => pluginsIn(plugin, "plugin"));
  const all = inChainOrder([...(limiter === null ? [] : [limiter]), ...others]);
  if (all.length === 0)
    throw new OptionError("there is nothing to run: neither a config nor a plugin is given");
  return { plugins: all, limiter };
}

function pluginOptions(
  { wasm, modules, onGuestLog }: GatewayOptions,
  logger: Logger,
  services: PluginOptions["services"],
  metrics: GatewayMetrics,
): Omit<PluginOptions, "observer"> {
  return {
    modules: modulesOf({ wasm, modules }),
    logger,
    onGuestLog,
    services,
    onTrap: (trap, plugin) => {
      metrics.traps.inc();
      const message = `the filter trapped in ${trap.where}: ${trap.message}; its VM is being replaced`;
      logger.error({ plugin, ...trap }, message);
    },
  };
}

function modulesOf({
  wasm,
  modules,
}: Pick<GatewayOptions, "wasm" | "modules">): Record<string, ModuleSource> {
  return { ...modules, ...(wasm === undefined ? {} : { [LIMITER]: wasm }) };
}

function pageSources(
  options: GatewayOptions,
  sources: Pick<PageSources, "registry" | "plugins" | "directory" | "redis">,
  filters: readonly Filter[],
): PageSources {
  return {
    ...sources,
    ...{ config: options.config, modules: modulesOf(options) },
    route: options.route ?? DEFAULT_ROUTE,
    cluster: options.cluster ?? DEFAULT_CLUSTER,
    reconfigure: (position, configuration) => reconfigure(filters[position], configuration),
  };
}

/** What VMs need of the gateway around them. */
function hostServices(
  { now }: GatewayOptions,
  registry: Registry,
  redis: PluginOptions["services"]["redis"],
  http: HttpCallouts,
): PluginOptions["services"] {
  return {
    now: now ?? (() => BigInt(Date.now()) * 1_000_000n),
    metrics: new GuestMetrics(registry),
    sharedData: new SharedData(),
    redis,
    http,
  };
}

/** What a gateway that runs is made of. */
interface Parts {
  readonly proxy: Server;
  readonly admin: Server;
  readonly page: Page | null;
  readonly inFlight: InFlight;
  readonly filters: readonly Filter[];
  readonly redis: RedisClusters;
  readonly http: HttpCallouts;
  readonly upstream: Upstream;
}

async function close(parts: Parts, logger: Logger, graceMs: number, settleMs: number): Promise<void> {
  const { proxy, admin, page, inFlight, redis, filters } = parts;
  inFlight.isClosing = true;
  page?.close();
  const cutOff = (): void => {
    const count = inFlight.interruptAll(SHUTDOWN_DETAILS);
    if (count > 0) logger.warn(`cut off because they had not ended in time: ${count}`);
  };
  await Promise.all([closeServer(proxy, graceMs, cutOff), closeServer(admin, graceMs)]);
  // An exchange may learn later than the server that its connection is closed.
  inFlight.interruptAll(SHUTDOWN_DETAILS);
  const settled = redis.idle().then(() => Promise.all(filters.map((filter) => filter.finish())));
  await withinMs(settled, settleMs);
  release(parts);
}

/** Lets go of everything but the servers. */
function release({ filters, redis, http, upstream }: Parts): void {
  for (const filter of filters) filter.close();
  redis.close();
  http.close();
  upstream.close();
}

/** Waits for `work`, but no longer than `ms`. */
async function withinMs(work: Promise<unknown>, ms: number): Promise<void> {
  const abort = new AbortController();
  const timeout = sleep(ms, undefined, { signal: abort.signal }).catch(() => {});
  await Promise.race([work, timeout]);
  abort.abort();
}

function reconfigure(filter: Filter | undefined, configuration: string): void {
  if (!(filter instanceof FilterHost))
    throw new OptionError("reconfigure: the gateway was started without a config");
  filter.reconfigure(configuration);
}
