// The real Envoy and Webdis with the files of deploy/envoy/, on loopback, for `make load` and for tests.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { freePort } from "../redis-server.ts";

const root = resolve(import.meta.dirname, "../..");
export const ENVOY = join(root, "build/tools/envoy");
export const WASM = join(root, "build/ai-token-ratelimit.envoy.wasm");

/** `make test` obtains both, or says how to; in CI nothing is skipped. */
export const isAvailable =
  Boolean(process.env.CI) || (existsSync(ENVOY) && spawnSync("sh", ["-c", "command -v webdis"]).status === 0);

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** Asks it to end, and waits until it has. */
  terminate(): Promise<void>;
  /** Ends it as nobody would wish. */
  kill(): Promise<void>;
}

function run(command: string, args: string[]): Child {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
    });
  }
  const exited = new Promise<void>((done) => {
    child.once("close", () => done());
    child.once("error", () => done());
  });
  const kill = (): boolean => child.kill("SIGKILL");
  // Nobody else ends it when this process is ended in a hurry.
  process.once("exit", kill);
  return {
    process: child,
    lines,
    terminate: async () => {
      child.kill("SIGTERM");
      await exited;
    },
    kill: async () => {
      process.removeListener("exit", kill);
      kill();
      await exited;
    },
  };
}

async function until(child: Child, what: string, probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await probe().catch(() => false))) {
    if (child.process.exitCode !== null || Date.now() > deadline) {
      await child.kill();
      throw new Error(`${what} did not start:\n${child.lines.slice(-20).join("\n")}`);
    }
    await new Promise((again) => setTimeout(again, 10));
  }
}

export interface Webdis {
  readonly port: number;
  stop(): Promise<void>;
}

/** Webdis with deploy/envoy/webdis.json, of which `changes` replaces members. */
export async function startWebdis(
  redisPort: number,
  port?: number,
  changes: Record<string, unknown> = {},
): Promise<Webdis> {
  const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-webdis-"));
  const config = JSON.parse(readFileSync(join(root, "deploy/envoy/webdis.json"), "utf8")) as object;
  const at = port ?? (await freePort());
  const file = join(directory, "webdis.json");
  writeFileSync(
    file,
    JSON.stringify({
      ...config,
      redis_port: redisPort,
      http_port: at,
      logfile: join(directory, "log"),
      ...changes,
    }),
  );
  const child = run("webdis", [file]);
  await until(child, "webdis", async () => (await fetch(`http://127.0.0.1:${at}/`)).status > 0);
  return {
    port: at,
    stop: async () => {
      await child.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface EnvoyOptions {
  /** The file of deploy/envoy/ that Envoy is configured by, instead of envoy.yaml. */
  readonly file?: string;
  readonly webdisPort: number;
  readonly llmPort: number;
  /** The rate limiter's configuration, instead of the one in the file; a string is taken as it is. */
  readonly configuration?: object | string;
  /** The module, instead of build/ai-token-ratelimit.envoy.wasm. */
  readonly module?: string;
  readonly failurePolicy?: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
  /** Worker threads, each with a VM of its own. */
  readonly concurrency?: number;
  /** Changes the filters and routes of the file. */
  readonly change?: (manager: HttpConnectionManager) => void;
  /** Further members of the bootstrap. */
  readonly bootstrap?: object;
  /** What is pushed: the listener with all its filters (LDS), or our filter alone (ECDS), as Istio does. */
  readonly pushed?: "listener" | "filter";
}

export interface Envoy {
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** What it has written: its log and its access log. */
  readonly lines: string[];
  /** The value of a statistic of the filter, without `wasmcustom.`; 0 when there is none. */
  stat(name: string): Promise<number>;
  /** The body of a page of its admin; those that change something want a POST. */
  admin(path: string, method?: "GET" | "POST"): Promise<string>;
  /** Gives the filter a new configuration, as a control plane does, while it serves. */
  push(configuration: object | string): void;
  /** SIGTERM, as Kubernetes and Docker send it; waits until it has ended, and leaves the rest to `stop`. */
  terminate(): Promise<void>;
  stop(): Promise<void>;
}

export interface HttpFilter {
  readonly name: string;
  readonly typed_config?: object;
  readonly config_discovery?: object;
}
interface OurFilter extends HttpFilter {
  readonly typed_config: { config: FilterConfig };
}
export interface HttpConnectionManager {
  access_log: object[];
  http_filters: HttpFilter[];
  route_config: { virtual_hosts: [{ routes: object[] }] };
}
interface Listener {
  filter_chains: { filters: { typed_config: HttpConnectionManager }[] }[];
}
interface FilterConfig {
  failure_policy: string;
  /** Of Envoy 1.35 and later. */
  allow_on_headers_stop_iteration?: boolean;
  configuration: { "@type": string; value: unknown };
  vm_config: { code: { local: { filename: string } } };
}
interface Bootstrap {
  static_resources: { listeners: Listener[]; clusters: unknown[] };
}

const TYPE = "type.googleapis.com/";

/** The file with our ports, our modules and, if given, our configuration of the rate limiter. */
export function bootstrap(options: EnvoyOptions): Bootstrap {
  const text = readFileSync(join(root, "deploy/envoy", options.file ?? "envoy.yaml"), "utf8")
    .replace("port_value: 9901", "port_value: 0")
    .replace("address: 0.0.0.0, port_value: 10000", "address: 127.0.0.1, port_value: 0")
    .replace("port_value: 8000", `port_value: ${options.llmPort}`)
    .replace("port_value: 7379", `port_value: ${options.webdisPort}`)
    .replace("build/ai-token-ratelimit.envoy.wasm", options.module ?? WASM)
    .replace("build/ai-quota.envoy.wasm", join(root, "build/ai-quota.envoy.wasm"));
  const document = parse(text) as Bootstrap;
  const manager = managerOf(document.static_resources.listeners[0]!);
  if (options.configuration !== undefined) configure(filterOf(manager), options.configuration);
  if (options.failurePolicy) filterOf(manager).typed_config.config.failure_policy = options.failurePolicy;
  options.change?.(manager);
  return { ...document, ...options.bootstrap };
}

const managerOf = (listener: Listener): HttpConnectionManager =>
  listener.filter_chains[0]!.filters[0]!.typed_config;

/** One of our filters; the rate limiter unless told otherwise. */
export const filterOf = (manager: HttpConnectionManager, plugin = "ai-token-ratelimit"): OurFilter =>
  manager.http_filters.find(({ name }) => name === plugin) as OurFilter;

function configure(filter: OurFilter, configuration: object | string): void {
  filter.typed_config.config.configuration.value =
    typeof configuration === "string" ? configuration : JSON.stringify(configuration);
}

interface Watched {
  /** The file, as Envoy's configuration names it. */
  readonly source: object;
  /** Writes the resource as it now is. */
  write(): void;
}

/** A resource in a file that Envoy watches, in a new directory. */
function watched(directory: string, type: string, resource: object): Watched {
  mkdirSync(directory);
  const file = join(directory, "resource.json");
  const write = (): void => {
    // A file that is moved into place is what Envoy watches for.
    const resources = [{ "@type": `${TYPE}envoy.config.${type}`, ...resource }];
    writeFileSync(`${file}.new`, JSON.stringify({ resources }));
    renameSync(`${file}.new`, file);
  };
  write();
  const path_config_source = { path: file, watched_directory: { path: directory } };
  return { source: { resource_api_version: "V3", path_config_source }, write };
}

/** Has Envoy discover our filter, and tells where (ECDS). */
function discover(manager: HttpConnectionManager, directory: string): Watched {
  const filter = filterOf(manager);
  const resource = watched(directory, "core.v3.TypedExtensionConfig", filter);
  const type_urls = [`${TYPE}envoy.extensions.filters.http.wasm.v3.Wasm`];
  const config_discovery = { config_source: resource.source, type_urls };
  manager.http_filters = manager.http_filters.map((one) =>
    one === filter ? { name: filter.name, config_discovery } : one,
  );
  return resource;
}

/** What `envoy --mode validate` says of a configuration, and whether it accepts it. */
export function validate(options: EnvoyOptions): { accepted: boolean; output: string } {
  const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-envoy-"));
  const file = join(directory, "envoy.json");
  writeFileSync(file, JSON.stringify(bootstrap(options)));
  const { status, stderr } = spawnSync(ENVOY, ["--mode", "validate", "--config-path", file], {
    encoding: "utf8",
  });
  rmSync(directory, { recursive: true, force: true });
  return { accepted: status === 0, output: stderr };
}

/** Starts Envoy. What `push` changes comes from files that it watches. */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-envoy-"));
  const file = (name: string): string => join(directory, name);
  const document = bootstrap(options);
  const { listeners, ...resources } = document.static_resources;
  const listener = listeners[0]!;
  const manager = managerOf(listener);
  const filter = filterOf(manager);
  const extension = options.pushed === "filter" ? discover(manager, file("ecds")) : undefined;
  const lds = watched(file("lds"), "listener.v3.Listener", listener);
  const node = { id: "test", cluster: "test" };
  const dynamic_resources = { lds_config: lds.source };
  const whole = { ...document, static_resources: resources, dynamic_resources, node };
  writeFileSync(file("envoy.json"), JSON.stringify(whole));

  const child = run(ENVOY, [
    ...["--config-path", file("envoy.json"), "--admin-address-path", file("admin")],
    ...["--concurrency", String(options.concurrency ?? 1), "--disable-hot-restart", "--log-level", "warning"],
    ...["--component-log-level", "wasm:info", "--file-flush-interval-msec", "20"],
  ]);
  let url = "";
  const adminUrl = (): string => `http://${readFileSync(file("admin"), "utf8").trim()}`;
  const admin = async (path: string, method: "GET" | "POST" = "GET"): Promise<string> => {
    const response = await fetch(`${adminUrl()}${path}`, { method });
    return response.text();
  };
  const stop = async (): Promise<void> => {
    await child.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  await until(child, "envoy", async () => {
    const address = /^llm::(\S+)$/m.exec(await admin("/listeners"))?.[1];
    url = `http://${address}`;
    return address !== undefined && (await admin("/ready")).startsWith("LIVE");
  });
  return {
    url,
    adminUrl: adminUrl(),
    pid: child.process.pid!,
    lines: child.lines,
    admin,
    stat: async (name) => {
      const line = new RegExp(`^wasmcustom\\.${name.replaceAll(".", "\\.")}: (\\d+)$`, "m");
      return Number(line.exec(await admin("/stats?filter=wasmcustom"))?.[1] ?? 0);
    },
    push: (configuration) => {
      configure(filter, configuration);
      (extension ?? lds).write();
    },
    terminate: () => child.terminate(),
    stop,
  };
}
