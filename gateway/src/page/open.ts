import { randomBytes } from "node:crypto";
import type { Registry } from "prom-client";
import { stringify } from "yaml";
import type { StreamInfo } from "../chain/filter.ts";
import { redisServices, toPluginJson, type ConfigInput } from "../config/load.ts";
import { LIMITER } from "../config/own-plugins.ts";
import type { PluginSpec } from "../config/plugins.ts";
import { compile, findModule, type ModuleSource } from "../modules.ts";
import { CounterStore, redisBlockOf } from "../redis/counter-store.ts";
import type { ServiceDirectory } from "../services.ts";
import type { HostServices } from "../wasm/services.ts";
import { RedisStatus, Status } from "../wasm/types.ts";
import type { Limiter } from "./limiter.ts";
import { Page } from "./page.ts";
import type { Watch } from "./watch.ts";

/** What a page is made of, beside what it watches. */
export interface PageSources {
  readonly registry: Registry;
  readonly plugins: readonly PluginSpec[];
  /** Of the rate limiter, as it was given; otherwise it stands in one of the plugins. */
  readonly config: ConfigInput | undefined;
  readonly modules: Readonly<Record<string, ModuleSource>>;
  readonly directory: ServiceDirectory;
  readonly redis: HostServices["redis"];
  readonly route: string;
  readonly cluster: string;
  /** Gives the rate limiter another configuration, JSON text. @throws ConfigurationRefused */
  readonly reconfigure: (position: number, configuration: string) => void;
}

/** Where the rate limiter stands in the chain; -1 without one. */
export function limiterPosition(plugins: readonly PluginSpec[]): number {
  return plugins.findIndex(({ aliases }) => aliases.includes(LIMITER));
}

/** Opens the page of a gateway. */
export async function openPage(watch: Watch, sources: PageSources): Promise<{ page: Page; token: string }> {
  const token = randomBytes(18).toString("base64url");
  const page = new Page({
    ...parts(watch),
    registry: sources.registry,
    limiter: await limiterOf(sources),
    token,
  });
  return { page, token };
}

function parts({
  observer,
  counters,
  series,
  recorder,
}: Watch): Pick<Watch, "observer" | "counters" | "series" | "recorder"> {
  return { observer, counters, series, recorder };
}

async function limiterOf(sources: PageSources): Promise<Limiter | null> {
  const position = limiterPosition(sources.plugins);
  const plugin = sources.plugins[position];
  const module = findModule(plugin?.aliases ?? [], sources.modules);
  if (plugin === undefined || module === undefined) return null;
  const [{ name, port } = { name: "", port: 6379 }] = redisServices([plugin.configuration]);
  const address = sources.directory.resolve(`outbound|${port}||${name}`);
  if (address === undefined) return null;
  const info: StreamInfo = {
    routeName: sources.route,
    clusterName: sources.cluster,
    sourceAddress: "127.0.0.1:1",
  };
  const limiter: Limiter = {
    module: await compile(module),
    configuration: textOf(sources.config, plugin),
    apply: (text) => {
      sources.reconfigure(position, toPluginJson(text));
      limiter.configuration = text;
    },
    store: new CounterStore(address, redisBlockOf(plugin.configuration)),
    redis: (query) => asked(sources.redis, `outbound|${port}||${name}`, query),
    info,
  };
  return limiter;
}

/** A command over the connection that the filter itself uses. */
function asked(redis: HostServices["redis"], service: string, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const status = redis.call(service, query, (outcome, bytes) => {
      if (outcome === RedisStatus.Ok) resolve(bytes);
      else reject(new Error("Redis does not answer"));
    });
    if (status !== Status.Ok) reject(new Error("there is no such Redis"));
  });
}

function textOf(config: ConfigInput | undefined, { configuration }: PluginSpec): string {
  if (typeof config === "string") return config;
  return stringify(JSON.parse(configuration));
}
